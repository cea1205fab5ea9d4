#include "broker/recording/recorder_status.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/recording/recorder_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A camera without a frame for so long is not being recorded. */
#define WRITING_NS (2 * NS_PER_S)

const char *recorder_state_name(enum recorder_state state) {
    static const char *const names[] = {
        [RECORDER_RECORDING] = "recording", [RECORDER_FULL] = "full", [RECORDER_FAILED] = "failed"};
    return names[state];
}

void recorder_mark_busy(struct recorder *recorder, bool is_busy) {
    atomic_store_explicit(&recorder->busy_since_ns, is_busy ? clock_monotonic_ns() : 0, memory_order_relaxed);
}

static void announce(struct recorder *recorder, enum recorder_state state, const char *reason) {
    struct event_log_entry entry = {.kind = state == RECORDER_FULL     ? EVENT_LOG_RECORDING_FULL
                                            : state == RECORDER_FAILED ? EVENT_LOG_RECORDING_FAILED
                                                                       : EVENT_LOG_RECORDING_RECOVERED};
    reason_set(&entry.reason, "%s", reason);
    event_log_publish(broker_event_log(recorder->broker), &entry);
    if (state == RECORDER_RECORDING) {
        log_event(LOG_LEVEL_INFO, NULL, "recording: resumed");
    } else {
        log_event(LOG_LEVEL_ERROR, NULL, "recording: %s: %s", state == RECORDER_FULL ? "no room" : "failed", reason);
    }
}

void recorder_set_state(struct recorder *recorder, enum recorder_state state, const char *reason) {
    lock_acquire(&recorder->lock);
    const bool changes = recorder->status.state != state;
    recorder->status.state = state;
    reason_set(&recorder->status.reason, "%s", reason);
    lock_release(&recorder->lock);
    if (changes) {
        announce(recorder, state, reason);
    }
}

/* What is in the catalogue of a camera, if that can be read now. */
static void read_sums(struct recorder *recorder, struct recorder_camera_status *status) {
    struct camera_sums sums;
    if (!recording_disk_is_open(&recorder->disk) ||
        catalogue_writer_camera_sums(recorder->disk.catalogue, status->id, &sums) != ERR_OK) {
        return;
    }
    status->bytes = sums.bytes;
    status->oldest_ns = sums.oldest_ns;
    status->newest_ns = sums.newest_ns;
}

static void fill(const struct camera_recording *camera, struct recorder_camera_status *status) {
    const char *id = topic_id(camera->topic);
    if (strcmp(status->id, id) != 0) {
        *status = (struct recorder_camera_status){0};
        memcpy(status->id, id, strlen(id) + 1);
    }
    status->mode = camera->settings.mode;
    status->is_off = camera->is_off;
    status->is_writing = camera->writer.is_open && clock_monotonic_ns() - camera->written_at_ns < WRITING_NS;
    status->lost_frames = camera->lost;
    status->recorded_frames = camera->frames;
    status->recorded_bytes = camera->bytes;
}

void recorder_publish_status(struct recorder *recorder) {
    for (size_t i = 0; i < recorder->camera_count; i++) {
        struct recorder_camera_status *status = &recorder->cameras[i]->status;
        fill(recorder->cameras[i], status);
        read_sums(recorder, status);
    }
    lock_acquire(&recorder->lock);
    struct recorder_status *status = &recorder->status;
    status->bytes = recorder->usage.bytes;
    status->free_bytes = recorder->usage.free_bytes;
    status->deleted_segments = recorder->retention.deleted;
    status->camera_count = 0;
    for (size_t i = 0; i < recorder->camera_count && i < recorder->status_capacity; i++) {
        status->cameras[status->camera_count++] = recorder->cameras[i]->status;
    }
    lock_release(&recorder->lock);
}

enum err recorder_status(struct recorder *recorder, struct recorder_status *status) {
    enum err error = ERR_OK;
    lock_acquire(&recorder->lock);
    *status = recorder->status;
    status->path = recorder->path;
    status->cameras = calloc(status->camera_count + 1, sizeof *status->cameras);
    if (status->cameras == NULL) {
        error = ERR_MEMORY;
    } else if (status->camera_count > 0) {
        memcpy(status->cameras, recorder->status.cameras, status->camera_count * sizeof *status->cameras);
    }
    lock_release(&recorder->lock);
    return error;
}

void recorder_status_finish(struct recorder_status *status) {
    free(status->cameras);
    *status = (struct recorder_status){0};
}
