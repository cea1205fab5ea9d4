#include "broker/recording/recorder.h"

#include "broker/base/clock.h"
#include "broker/recording/recorder_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A call to the disk that has not returned for so long has failed, as far as anybody can see. */
#define STALL_NS (1500 * NS_PER_MS)
#define GUARD_NS (250 * NS_PER_MS)

/* ---- Threads ---- */

/* False: the recorder stops. */
static bool await_round(struct recorder *recorder, int64_t until_ns) {
    lock_acquire(&recorder->lock);
    while (!recorder->is_stopping && recorder->change == NULL && STAILQ_EMPTY(&recorder->commands) &&
           condition_wait_until(&recorder->wake, &recorder->lock, until_ns)) {
    }
    const bool goes_on = !recorder->is_stopping;
    lock_release(&recorder->lock);
    return goes_on;
}

static void *record(void *argument) {
    struct recorder *recorder = argument;
    do {
        recorder_round(recorder, false);
    } while (await_round(recorder, clock_monotonic_ns() + RECORDER_ROUND_NS));
    recorder_round(recorder, true);
    for (size_t i = 0; i < recorder->camera_count; i++) {
        camera_recording_stop(recorder->cameras[i]);
        free(recorder->cameras[i]);
    }
    free(recorder->cameras);
    adoption_destroy(&recorder->adoption);
    recording_disk_close(&recorder->disk);
    return NULL;
}

static void check_for_stall(struct recorder *recorder, int64_t busy_since_ns) {
    if (busy_since_ns != 0 && clock_monotonic_ns() - busy_since_ns > STALL_NS) {
        recorder_set_state(recorder, RECORDER_FAILED, "the disk does not answer");
    }
}

static void *guard(void *argument) {
    struct recorder *recorder = argument;
    lock_acquire(&recorder->lock);
    while (!recorder->is_stopping) {
        (void)condition_wait_until(&recorder->changed, &recorder->lock, clock_monotonic_ns() + GUARD_NS);
        lock_release(&recorder->lock);
        check_for_stall(recorder, atomic_load_explicit(&recorder->busy_since_ns, memory_order_relaxed));
        lock_acquire(&recorder->lock);
    }
    lock_release(&recorder->lock);
    return NULL;
}

/* ---- Life ---- */

enum err recorder_create(struct broker *broker, const struct recording_settings *settings, struct recorder **out) {
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&recorder->lock);
    condition_init(&recorder->wake);
    condition_init(&recorder->changed);
    STAILQ_INIT(&recorder->commands);
    recorder->broker = broker;
    recorder->settings = *settings;
    recorder->budget.max_bytes = (size_t)(settings->max_memory < SIZE_MAX ? settings->max_memory : SIZE_MAX);
    recorder->event_position = event_log_newest(broker_event_log(broker));
    recorder->path = strdup(settings->path);
    recorder->settings.path = recorder->path;
    enum err error = recorder->path != NULL ? ERR_OK : ERR_MEMORY;
    if (error == ERR_OK) {
        error = thread_start(&recorder->thread, "recorder", 0, record, recorder);
        recorder->has_thread = error == ERR_OK;
    }
    if (error == ERR_OK) {
        error = thread_start(&recorder->guard, "recorder guard", 0, guard, recorder);
        recorder->has_guard = error == ERR_OK;
    }
    if (error != ERR_OK) {
        recorder_destroy(&recorder);
        return error;
    }
    *out = recorder;
    return ERR_OK;
}

void recorder_destroy(struct recorder **recorder_pointer) {
    struct recorder *recorder = *recorder_pointer;
    *recorder_pointer = NULL;
    if (recorder == NULL) {
        return;
    }
    lock_acquire(&recorder->lock);
    recorder->is_stopping = true;
    condition_broadcast(&recorder->wake);
    condition_broadcast(&recorder->changed);
    lock_release(&recorder->lock);
    if (recorder->has_guard) {
        pthread_join(recorder->guard, NULL);
    }
    if (recorder->has_thread) {
        pthread_join(recorder->thread, NULL);
    }
    recorder_change_destroy(&recorder->change);
    for (size_t i = 0; i < recorder->history_count; i++) {
        free(recorder->history[i].kind);
    }
    free(recorder->status.cameras);
    free(recorder->switches.off);
    condition_finish(&recorder->changed);
    condition_finish(&recorder->wake);
    lock_finish(&recorder->lock);
    free(recorder->path);
    free(recorder);
}

const char *recorder_path(const struct recorder *recorder) { return recorder->path; }

/* ---- Configuration ---- */

enum err recorder_apply(struct recorder *recorder, const struct recording_settings *settings,
                        const struct recorder_camera *cameras, size_t count) {
    struct recorder_change *change = calloc(1, sizeof *change);
    if (change == NULL) {
        return ERR_MEMORY;
    }
    change->settings = *settings;
    change->cameras = calloc(count + 1, sizeof *change->cameras);
    change->topics = calloc(count + 1, sizeof(struct topic *));
    change->count = count;
    if (change->cameras == NULL || change->topics == NULL) {
        recorder_change_destroy(&change);
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        change->cameras[i] = cameras[i];
        change->topics[i] = broker_find_topic(recorder->broker, cameras[i].id);
    }
    lock_acquire(&recorder->lock);
    struct recorder_change *before = recorder->change;
    recorder->change = change;
    condition_signal(&recorder->wake);
    lock_release(&recorder->lock);
    recorder_change_destroy(&before);
    return ERR_OK;
}

/* ---- History ---- */

/* False: no memory. */
static bool copy_row(const struct history_row *row, struct history_item *item) {
    const size_t kind_bytes = strnlen(row->kind, HISTORY_KIND_MAX_BYTES) + 1;
    const size_t details_bytes = strnlen(row->details, HISTORY_DETAILS_MAX_BYTES) + 1;
    item->at_ns = row->at_ns;
    snprintf(item->camera, sizeof item->camera, "%s", row->camera);
    item->kind = malloc(kind_bytes + details_bytes);
    if (item->kind == NULL) {
        return false;
    }
    item->details = item->kind + kind_bytes;
    snprintf(item->kind, kind_bytes, "%s", row->kind);
    snprintf(item->details, details_bytes, "%s", row->details);
    return true;
}

void recorder_add_history(struct recorder *recorder, const struct history_row *row) {
    struct history_item item;
    const bool is_copied = copy_row(row, &item);
    lock_acquire(&recorder->lock);
    const bool is_taken = is_copied && recorder->history_count < HISTORY_PENDING_MAX;
    if (is_taken) {
        recorder->history[recorder->history_count++] = item;
    } else {
        recorder->status.lost_history++;
    }
    lock_release(&recorder->lock);
    if (is_copied && !is_taken) {
        free(item.kind);
    }
}
