#include "cameras/supervisor/camera.h"

#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "broker/topic_demand.h"
#include "cameras/supervisor/camera_private.h"
#include "cameras/supervisor/camera_watch.h"
#include "cameras/supervisor/capture_session.h"

#include <stdlib.h>
#include <string.h>

/* Libraries of others run on it: decoders, and the loading of them. */
#define STACK_BYTES ((size_t)2 << 20)

/* ---- The supervisor ---- */

static void announce_idle(struct camera *camera) {
    announcer_set_state(camera->announcer, STATE_IDLE, camera->failure.text);
}

/* Opens the camera for one frame, without a word to viewers, who may come meanwhile and end it. */
static void probe(struct camera *camera) {
    struct reason reason = {""};
    atomic_store(&camera->probing, true);
    enum err error = capture_session_probe(camera, &reason);
    atomic_store(&camera->probing, false);
    if (error == ERR_INTERRUPTED) {
        return;
    }
    if (error != ERR_OK && reason.text[0] == '\0') {
        reason_set(&reason, "%s", err_text(error));
    }
    const bool had_failed = camera->failure.text[0] != '\0';
    if (error != ERR_OK && !had_failed) {
        camera_log_failure(camera, STATE_OFFLINE, reason.text);
    } else if (error == ERR_OK && atomic_exchange(&camera->failure_logged, false)) {
        log_event(LOG_LEVEL_INFO, camera->settings.topic.id, "a probe receives frames again");
    }
    camera->failure = reason;
    announce_idle(camera);
}

/* When to probe next: cameras that become idle together, as at the start, are not opened together. */
static int64_t next_probe_ns(const struct camera *camera) {
    int64_t every_ns = camera->settings.probe_ns;
    if (every_ns == 0) {
        return CLOCK_NEVER;
    }
    uint64_t hash = 0;
    for (const char *id = camera->settings.topic.id; *id != '\0'; id++) {
        hash = hash * 31 + (unsigned char)*id;
    }
    return clock_monotonic_ns() + every_ns / 2 + every_ns / 2 * (int64_t)(hash % 1024) / 1024;
}

/* Blocks: until the camera has a viewer (true) or has to end. */
static bool wait_for_demand(struct camera *camera) {
    int64_t probe_at_ns = next_probe_ns(camera);
    while (!atomic_load(&camera->stopping)) {
        event_clear(&camera->wake);
        if (!camera_is_over(camera)) {
            return true;
        }
        if (!event_wait_until(&camera->wake, probe_at_ns)) {
            probe(camera);
            probe_at_ns = clock_monotonic_ns() + camera->settings.probe_ns;
        }
    }
    return false;
}

/* Blocks: for that long, or until the device may be back (both true), or until the camera is over. */
static bool wait_before_retry(struct camera *camera, int64_t duration_ns) {
    int64_t at_ns = clock_monotonic_ns() + duration_ns;
    int64_t until_ns;
    do {
        event_clear(&camera->wake);
        if (atomic_load(&camera->stopping) || !topic_wanted(camera->topic, &until_ns)) {
            return false;
        }
        if (device_watch_wait(&camera->device_watch, &camera->wake, min_i64(at_ns, until_ns))) {
            backoff_reset(&camera->backoff); /* a new device may need several attempts */
            break;
        }
    } while (clock_monotonic_ns() < at_ns);
    return true;
}

static void announce_start(struct camera *camera) {
    announcer_set_state(camera->announcer, STATE_STARTING, NULL);
    int64_t show_at_ns = clock_monotonic_ns() + camera->timing->quick_start;
    atomic_store(&camera->show_start_at_ns, show_at_ns);
    watchdog_schedule(&camera->watch, show_at_ns);
}

static void announce_failure(struct camera *camera, const struct reason *reason) {
    announcer_set_state(camera->announcer, STATE_OFFLINE, reason->text);
    announcer_show(camera->announcer);
    camera_log_failure(camera, STATE_OFFLINE, reason->text);
}

/* Whether a session ended in a way that may pass before viewers notice: the camera is live as long as its last frame is
 * not stale. */
static bool is_brief_loss(struct camera *camera, enum err error) {
    return (error == ERR_CLOSED || error == ERR_TIMEOUT) && topic_state(camera->topic) == STATE_LIVE;
}

static void handle_loss(struct camera *camera, enum err error, struct reason *reason) {
    const bool is_brief = is_brief_loss(camera, error), was_steady = camera->delivered_ns >= camera->timing->steady;
    if (reason->text[0] == '\0') {
        reason_set(reason, "%s", err_text(error));
    }
    if (is_brief) {
        (void)log_rate_limited(LOG_LEVEL_INFO, camera->settings.topic.id, "reconnecting", "reconnecting: %s",
                               reason->text);
    } else {
        announce_failure(camera, reason);
    }
    if (was_steady || (is_brief && camera->delivered_ns > 0)) {
        backoff_reset(&camera->backoff);
    }
    int64_t wait_ns = is_brief && was_steady ? 0 : backoff_next(&camera->backoff);
    if (wait_before_retry(camera, wait_ns)) {
        topic_count_restart(camera->topic);
    }
}

/* What was wrong when the last viewer left; one who left before the camera had started has learnt nothing new. */
static void note_failure(struct camera *camera) {
    struct reason error;
    enum camera_state state = topic_state_detail(camera->topic, NULL, &error);
    if (state != STATE_STARTING) {
        camera->failure = error;
    }
}

/* From the first viewer to the last. */
static void serve_viewers(struct camera *camera) {
    announce_start(camera);
    backoff_reset(&camera->backoff);
    while (!camera_is_over(camera)) {
        struct reason reason = {""};
        device_watch_clear(&camera->device_watch);
        enum err error = capture_session_run(camera, &reason);
        if (error == ERR_INTERRUPTED) {
            break;
        }
        handle_loss(camera, error, &reason);
    }
    note_failure(camera);
    announce_idle(camera);
}

/* Runs on the thread that subscribes or unsubscribes. */
static void demand_changed(void *user) {
    struct camera *camera = user;
    event_set(&camera->wake);
    watchdog_schedule(&camera->watch, 0);
}

static void serve_topic(struct camera *camera) {
    camera->sequence = topic_sequence(camera->topic);
    watchdog_add(camera->watchdog, &camera->watch, camera_watch_check, camera);
    topic_on_demand(camera->topic, demand_changed, camera);
    while (wait_for_demand(camera)) {
        serve_viewers(camera);
    }
    topic_on_demand(camera->topic, NULL, NULL);
    watchdog_remove(&camera->watch);
}

static void *supervise(void *argument) {
    struct camera *camera = argument;
    if (event_wait_until(&camera->wake, CLOCK_NEVER)) { /* camera_begin(), or the end before it */
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

/* ---- Lifecycle ---- */

static enum err init_driver(struct camera *camera) {
    const struct driver_ops *driver = camera->driver;
    device_watch_init(&camera->device_watch,
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
    camera->stale_after_ns = max_i64(camera->settings.topic.stale_after_ns, camera->period_ns * 5 / 2);
    atomic_init(&camera->show_start_at_ns, CLOCK_NEVER);
    atomic_init(&camera->max_age_ns, 0);
    backoff_init(&camera->backoff, camera->timing->retry_first, camera->timing->retry_max,
                 (uint64_t)clock_monotonic_ns());
}

/* Everything but the thread. */
static void free_parts(struct camera *camera) {
    motion_watch_destroy(&camera->motion);
    announcer_destroy(&camera->announcer);
    fault_script_destroy(&camera->script);
    device_watch_finish(&camera->device_watch);
    driver_call_finish(&camera->call);
    event_finish(&camera->wake);
    condition_finish(&camera->ended);
    lock_finish(&camera->lock);
    topic_unref(&camera->topic);
    arena_unref(&camera->settings.arena);
    free(camera);
}

enum err camera_create(const struct camera_shared *shared, const struct driver_ops *driver,
                       const struct camera_settings *settings, struct topic *topic, struct camera **out) {
    struct camera *camera = calloc(1, sizeof *camera);
    if (camera == NULL) {
        return ERR_MEMORY;
    }
    camera->settings = *settings;
    arena_ref(camera->settings.arena);
    camera->timing = shared->timing;
    camera->driver = driver;
    camera->broker = shared->broker;
    camera->watchdog = shared->watchdog;
    camera->topic = topic_ref(topic);
    camera->wake.fd = camera->call.cancel.fd = camera->device_watch.fd = -1;
    lock_init(&camera->lock);
    condition_init(&camera->ended);
    init_times(camera);
    enum err error;
    if ((error = event_init(&camera->wake)) != ERR_OK ||
        (error = driver_call_init(&camera->call, camera->timing->grace)) != ERR_OK ||
        (error = init_driver(camera)) != ERR_OK ||
        (error = announcer_create(shared->broker, &camera->settings.source, topic, &camera->announcer)) != ERR_OK ||
        (error = motion_watch_create(shared->broker, topic, &camera->motion)) != ERR_OK ||
        (error = thread_start(&camera->thread, settings->topic.id, STACK_BYTES, supervise, camera)) != ERR_OK) {
        free_parts(camera);
        return error;
    }
    *out = camera;
    return ERR_OK;
}

void camera_change_live(struct camera *camera, const struct camera_settings *settings) {
    motion_watch_configure(camera->motion, settings->motion, settings->arena);
}

void camera_begin(struct camera *camera, struct camera **predecessor) {
    camera->generation = topic_generation(camera->topic);
    camera->predecessor = *predecessor;
    *predecessor = NULL;
    camera_change_live(camera, &camera->settings);
    event_set(&camera->wake);
}

void camera_interrupt(struct camera *camera) {
    atomic_store(&camera->stopping, true);
    event_set(&camera->wake);
    driver_call_stop(&camera->call);
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
