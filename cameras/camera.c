#include "cameras/camera_private.h"

#include "broker/log.h"
#include "cameras/faults.h"

#include <stdlib.h>
#include <string.h>

const struct camera_timing camera_usual_timing = {
    .open = 10 * NS_PER_S,
    .first_frame = 10 * NS_PER_S,
    .next_frame = 3 * NS_PER_S,
    .grace = 1 * NS_PER_S,
    .quick_start = 150 * NS_PER_MS,
    .retry_first = 250 * NS_PER_MS,
    .retry_most = 5 * NS_PER_S,
    .steady = 5 * NS_PER_S,
};

bool camera_is_over(struct camera *camera) {
    return atomic_load(&camera->stopping) || !topic_wanted(camera->topic, NULL);
}

/* ---- The supervisor ---- */

/* Blocks: until somebody wants the camera (true), or it is asked to end. */
static bool wait_for_demand(struct camera *camera) {
    do {
        event_clear(&camera->wake);
        if (!camera_is_over(camera)) {
            return true;
        }
    } while (!atomic_load(&camera->stopping) && event_wait_until(&camera->wake, CLOCK_NEVER));
    return false;
}

/* Blocks: for that long, or until the device may have come back (true), or until the camera is over. */
static bool rest(struct camera *camera, int64_t duration_ns) {
    int64_t at_ns = clock_monotonic_ns() + duration_ns;
    int64_t until_ns;
    do {
        event_clear(&camera->wake);
        if (atomic_load(&camera->stopping) || !topic_wanted(camera->topic, &until_ns)) {
            return false;
        }
        if (arrival_wait(&camera->arrival, &camera->wake, earlier(at_ns, until_ns))) {
            backoff_reset(&camera->backoff); /* what appears may take some tries until it is ready */
            break;
        }
    } while (clock_monotonic_ns() < at_ns);
    return true;
}

static void tell_start(struct camera *camera) {
    announcer_tell(camera->announcer, STATE_STARTING, NULL);
    int64_t show_at_ns = clock_monotonic_ns() + camera->timing->quick_start;
    atomic_store(&camera->show_start_at_ns, show_at_ns);
    watchdog_attend(&camera->ward, show_at_ns);
}

void camera_log_failure(struct camera *camera, enum camera_state state, const char *why) {
    const char *name = state_name(state);
    if (log_recurring(LOG_LEVEL_WARNING, camera->settings.topic.id, name, "%s: %s", name, why)) {
        atomic_store(&camera->failure_logged, true);
    }
}

static void tell_failure(struct camera *camera, const struct reason *reason) {
    announcer_tell(camera->announcer, STATE_OFFLINE, reason->text);
    announcer_show(camera->announcer);
    camera_log_failure(camera, STATE_OFFLINE, reason->text);
}

/* From the first demand to the end of it. */
static void serve(struct camera *camera) {
    tell_start(camera);
    backoff_reset(&camera->backoff);
    while (!camera_is_over(camera)) {
        struct reason reason = {""};
        arrival_clear(&camera->arrival);
        enum err error = camera_run_opening(camera, &reason);
        if (error == ERR_INTERRUPTED) {
            break;
        }
        if (reason.text[0] == '\0') {
            reason_set(&reason, "%s", err_text(error));
        }
        tell_failure(camera, &reason);
        if (rest(camera, backoff_next(&camera->backoff))) {
            topic_count_restart(camera->topic);
        }
    }
    announcer_tell(camera->announcer, STATE_IDLE, NULL);
}

/* Runs on the thread of whoever subscribes or leaves. */
static void demand_changed(void *user) {
    struct camera *camera = user;
    event_set(&camera->wake);
    watchdog_attend(&camera->ward, 0);
}

static void serve_topic(struct camera *camera) {
    camera->sequence = topic_sequence(camera->topic);
    watchdog_add(camera->watchdog, &camera->ward, camera_look, camera);
    topic_on_demand(camera->topic, demand_changed, camera);
    while (wait_for_demand(camera)) {
        serve(camera);
    }
    topic_on_demand(camera->topic, NULL, NULL);
    watchdog_remove(&camera->ward);
}

static void *supervise(void *argument) {
    struct camera *camera = argument;
    if (event_wait_until(&camera->wake, CLOCK_NEVER)) { /* until camera_begin(), or the end before that */
        event_clear(&camera->wake);
    }
    camera_destroy(&camera->predecessor);
    if (!atomic_load(&camera->stopping)) {
        serve_topic(camera);
    }
    lock_acquire(&camera->lock);
    camera->has_ended = true;
    condition_broadcast(&camera->ended);
    lock_release(&camera->lock);
    return NULL;
}

/* ---- Its life ---- */

static enum err init_driver(struct camera *camera) {
    const struct driver_ops *driver = camera->driver;
    arrival_init(&camera->arrival,
                 driver->comes_back_at != NULL ? driver->comes_back_at(&camera->settings.source) : NULL);
    if (camera->settings.source.fault_count == 0) {
        return ERR_OK;
    }
    enum err error = fault_script_create(camera->driver, &camera->settings.source, &camera->script);
    camera->driver = &faults_driver;
    return error;
}

static void init_times(struct camera *camera) {
    double fps = camera->settings.topic.fps;
    camera->period_ns = fps > 0 ? (int64_t)((double)NS_PER_S / fps) : 0;
    camera->stale_after_ns = later(camera->settings.stale_after_ns, camera->period_ns * 5 / 2);
    atomic_init(&camera->call_deadline_ns, NO_CALL);
    atomic_init(&camera->show_start_at_ns, CLOCK_NEVER);
    backoff_init(&camera->backoff, camera->timing->retry_first, camera->timing->retry_most,
                 (uint64_t)clock_monotonic_ns());
}

/* Everything but the thread. */
static void free_parts(struct camera *camera) {
    announcer_destroy(&camera->announcer);
    fault_script_destroy(&camera->script);
    arrival_finish(&camera->arrival);
    event_finish(&camera->cancel);
    event_finish(&camera->wake);
    condition_finish(&camera->ended);
    lock_finish(&camera->lock);
    topic_unref(&camera->topic);
    storage_unref(&camera->settings.storage);
    free(camera);
}

enum err camera_create(const struct camera_means *means, const struct driver_ops *driver,
                       const struct camera_settings *settings, struct topic *topic, struct camera **out) {
    struct camera *camera = calloc(1, sizeof *camera);
    if (camera == NULL) {
        return ERR_MEMORY;
    }
    camera->settings = *settings;
    storage_ref(camera->settings.storage);
    camera->timing = means->timing;
    camera->driver = driver;
    camera->broker = means->broker;
    camera->watchdog = means->watchdog;
    camera->topic = topic_ref(topic);
    camera->wake.fd = camera->cancel.fd = camera->arrival.fd = -1;
    lock_init(&camera->lock);
    condition_init(&camera->ended);
    init_times(camera);
    enum err error;
    if ((error = event_init(&camera->wake)) != ERR_OK || (error = event_init(&camera->cancel)) != ERR_OK ||
        (error = init_driver(camera)) != ERR_OK ||
        (error = announcer_create(means->broker, &camera->settings.source, topic, &camera->announcer)) != ERR_OK ||
        (error = thread_start(&camera->thread, settings->topic.id, 0, supervise, camera)) != ERR_OK) {
        free_parts(camera);
        return error;
    }
    *out = camera;
    return ERR_OK;
}

void camera_begin(struct camera *camera, struct camera **predecessor) {
    camera->predecessor = *predecessor;
    *predecessor = NULL;
    event_set(&camera->wake);
}

void camera_interrupt(struct camera *camera) {
    atomic_store(&camera->stopping, true);
    event_set(&camera->wake);
    event_set(&camera->cancel);
}

bool camera_await_end(struct camera *camera, int64_t deadline_ns) {
    lock_acquire(&camera->lock);
    while (!camera->has_ended && condition_wait_until(&camera->ended, &camera->lock, deadline_ns)) {
    }
    bool ended = camera->has_ended;
    lock_release(&camera->lock);
    return ended;
}

void camera_destroy(struct camera **camera_pointer) {
    struct camera *camera = *camera_pointer;
    *camera_pointer = NULL;
    if (camera == NULL) {
        return;
    }
    camera_interrupt(camera);
    pthread_join(camera->thread, NULL);
    free_parts(camera);
}
