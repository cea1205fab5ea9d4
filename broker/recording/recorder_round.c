#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "broker/recording/recorder_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS NS_PER_S
/* How long one round may delete, adopt files, and obey one command. */
#define DELETE_NS (500 * NS_PER_MS)
#define ADOPT_NS (50 * NS_PER_MS)
/* Above this much free space the reserve is made again; below the other, SQLite fails in many ways. */
#define RESERVE_FROM_BYTES ((uint64_t)8 << 20)
#define FULL_BELOW_BYTES ((uint64_t)1 << 20)

/* ---- The configuration ---- */

static struct camera_recording *find_camera(struct recorder *recorder, const char *id) {
    for (size_t i = 0; i < recorder->camera_count; i++) {
        if (strcmp(topic_id(recorder->cameras[i]->topic), id) == 0) {
            return recorder->cameras[i];
        }
    }
    return NULL;
}

static void end_camera(struct recorder *recorder, struct camera_recording **camera) {
    struct reason reason;
    if (recording_disk_is_open(&recorder->disk) &&
        camera_recording_sync(*camera, &recorder->disk, true, &reason) != ERR_OK) {
        camera_recording_abandon(*camera); /* found again when the disk is opened the next time */
    }
    camera_recording_stop(*camera);
    free(*camera);
    *camera = NULL;
}

/* The camera that goes on, or a new one; NULL: there is nothing to record, or no memory. */
static struct camera_recording *take_camera(struct recorder *recorder, const struct recorder_camera *wanted,
                                            struct topic *topic) {
    for (size_t i = 0; i < recorder->camera_count; i++) {
        struct camera_recording *camera = recorder->cameras[i];
        if (camera != NULL && camera->topic == topic) {
            recorder->cameras[i] = NULL;
            camera->settings = wanted->record;
            camera->gap_ns = wanted->gap_ns;
            return camera;
        }
    }
    struct camera_recording *camera = calloc(1, sizeof *camera);
    enum err error = camera != NULL
                         ? camera_recording_start(camera, topic, &wanted->record, wanted->gap_ns, &recorder->budget)
                         : ERR_MEMORY;
    if (error != ERR_OK) {
        free(camera);
        camera = NULL;
        if (error != ERR_CLOSED) {
            log_event(LOG_LEVEL_ERROR, wanted->id, "recording cannot start: %s", err_text(error));
        }
    }
    return camera;
}

void recorder_change_destroy(struct recorder_change **change_pointer) {
    struct recorder_change *change = *change_pointer;
    *change_pointer = NULL;
    if (change == NULL) {
        return;
    }
    for (size_t i = 0; change->topics != NULL && i < change->count; i++) {
        topic_unref(&change->topics[i]);
    }
    free(change->topics);
    free(change->cameras);
    free(change);
}

/* Uses the change. */
static void apply(struct recorder *recorder, struct recorder_change *change) {
    struct camera_recording **cameras = calloc(change->count + 1, sizeof(struct camera_recording *));
    struct recorder_camera_status *statuses = calloc(change->count + 1, sizeof *statuses);
    if (cameras == NULL || statuses == NULL) {
        log_event(LOG_LEVEL_ERROR, NULL, "recording: no memory for the new configuration; the old one stays");
        free(cameras);
        free(statuses);
        return;
    }
    size_t count = 0;
    for (size_t i = 0; i < change->count; i++) {
        if (change->topics[i] != NULL && change->cameras[i].record.mode != RECORD_OFF) {
            cameras[count] = take_camera(recorder, &change->cameras[i], change->topics[i]);
            count += cameras[count] != NULL;
        }
    }
    for (size_t i = 0; i < recorder->camera_count; i++) {
        if (recorder->cameras[i] != NULL) {
            end_camera(recorder, &recorder->cameras[i]);
        }
    }
    free(recorder->cameras);
    recorder->cameras = cameras;
    recorder->camera_count = count;
    const char *path = recorder->settings.path;
    recorder->settings = change->settings;
    recorder->settings.path = path;

    lock_acquire(&recorder->lock);
    struct recorder_camera_status *before = recorder->status.cameras;
    recorder->status.cameras = statuses;
    recorder->status.camera_count = 0;
    recorder->status_capacity = change->count;
    lock_release(&recorder->lock);
    free(before);
}

static void take_change(struct recorder *recorder) {
    lock_acquire(&recorder->lock);
    struct recorder_change *change = recorder->change;
    recorder->change = NULL;
    lock_release(&recorder->lock);
    if (change != NULL) {
        apply(recorder, change);
        recorder_change_destroy(&change);
    }
}

/* ---- Events ---- */

static void note_events(struct recorder *recorder) {
    struct event_log_entry entry;
    uint64_t missed;
    while (event_log_read_after(broker_event_log(recorder->broker), &recorder->event_position, &entry, &missed) ==
           ERR_OK) {
        struct camera_recording *camera = entry.kind == EVENT_LOG_MOTION_BEGAN || entry.kind == EVENT_LOG_MOTION_ENDED
                                              ? find_camera(recorder, entry.camera)
                                              : NULL;
        if (camera != NULL) {
            const struct motion_record *motion = &entry.motion;
            record_plan_event(&camera->plan, &camera->settings, motion->id, motion->began_realtime_ns,
                              entry.kind == EVENT_LOG_MOTION_ENDED ? motion->ended_realtime_ns : 0);
        }
    }
}

/* Rows that wait; those that cannot be written are lost with the transaction. */
static enum err write_history(struct recorder *recorder, struct reason *reason) {
    static const size_t slice = 100;
    struct history_item items[100];
    enum err error = ERR_OK;
    size_t count = slice;
    while (count == slice && error == ERR_OK) {
        lock_acquire(&recorder->lock);
        count = min_size(recorder->history_count, slice);
        memcpy(items, recorder->history, count * sizeof items[0]);
        recorder->history_count -= count;
        memmove(recorder->history, recorder->history + count, recorder->history_count * sizeof items[0]);
        lock_release(&recorder->lock);
        error = count > 0 ? recording_disk_begin(&recorder->disk, reason) : ERR_OK;
        for (size_t i = 0; i < count; i++) {
            if (error == ERR_OK) {
                error =
                    recording_disk_error(&recorder->disk,
                                         catalogue_writer_add_event(recorder->disk.catalogue, items[i].at_ns,
                                                                    items[i].camera, items[i].kind, items[i].details),
                                         reason);
            }
            free(items[i].kind);
        }
    }
    return error;
}

/* ---- The disk ---- */

/* What the catalogue calls an error of the disk may be that it is full. */
static enum err classify(const struct recorder *recorder, enum err error) {
    uint64_t free_bytes = UINT64_MAX;
    if (error == ERR_IO && recording_folder_free_bytes(recorder->path, &free_bytes) != ERR_OK) {
        return ERR_IO;
    }
    return error == ERR_IO && free_bytes < FULL_BELOW_BYTES ? ERR_BUSY : error;
}

static enum err open_disk(struct recorder *recorder, struct reason *reason) {
    struct recording_disk *disk = &recorder->disk;
    bool is_new = false;
    enum err error = classify(recorder, recording_disk_open(recorder->path, disk, &is_new, reason));
    if (error == ERR_BUSY) {
        recording_folder_free_reserve(recorder->path);
        error = classify(recorder, recording_disk_open(recorder->path, disk, &is_new, reason));
    }
    struct recovery_report report = {0};
    recorder_mark_busy(recorder, true);
    if (error == ERR_OK) {
        error = recovery_run(disk, &report, reason);
    }
    if (error == ERR_OK && is_new && recorder->adoption == NULL) {
        error = adoption_create(recorder->path, &recorder->adoption, reason);
    }
    if (error == ERR_OK && report.deleted + report.repaired + report.adopted > 0) {
        log_event(LOG_LEVEL_INFO, NULL,
                  "recording: after an unclean shutdown %llu segments were repaired, %llu found and %llu removed",
                  (unsigned long long)report.repaired, (unsigned long long)report.adopted,
                  (unsigned long long)report.deleted);
    }
    return error;
}

static void close_disk(struct recorder *recorder) {
    for (size_t i = 0; i < recorder->camera_count; i++) {
        camera_recording_abandon(recorder->cameras[i]);
    }
    recording_disk_close(&recorder->disk);
}

static void fail(struct recorder *recorder, enum err error, const struct reason *reason) {
    close_disk(recorder);
    error = classify(recorder, error);
    recorder->next_open_ns = clock_monotonic_ns() + RETRY_NS;
    if (error == ERR_BUSY) {
        recording_folder_free_reserve(recorder->path);
    }
    recorder_set_state(recorder, error == ERR_BUSY ? RECORDER_FULL : RECORDER_FAILED,
                       reason->text[0] != '\0' ? reason->text : err_text(error));
}

/* ---- A round ---- */

/* What is written and not in the catalogue yet, and what two rounds like the last one will add. */
static uint64_t pending_bytes(const struct recorder *recorder) {
    uint64_t bytes = 2 * recorder->round_bytes;
    for (size_t i = 0; i < recorder->camera_count; i++) {
        const struct segment_writer *writer = &recorder->cameras[i]->writer;
        bytes += writer->is_open ? writer->bytes - writer->synced_bytes : 0;
    }
    return bytes;
}

static uint64_t written_bytes(const struct recorder *recorder) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < recorder->camera_count; i++) {
        bytes += recorder->cameras[i]->bytes;
    }
    return bytes;
}

static enum err sync_cameras(struct recorder *recorder, bool finish, struct reason *reason) {
    enum err error = ERR_OK;
    for (size_t i = 0; i < recorder->camera_count && error == ERR_OK; i++) {
        recorder_mark_busy(recorder, true);
        error = camera_recording_sync(recorder->cameras[i], &recorder->disk, finish, reason);
    }
    return error;
}

static bool any_segment_is_open(const struct recorder *recorder) {
    for (size_t i = 0; i < recorder->camera_count; i++) {
        if (recorder->cameras[i]->writer.is_open && recorder->cameras[i]->writer.frames > 0) {
            return true;
        }
    }
    return false;
}

/* Deletes until the limits hold, for a while. */
static enum err make_room(struct recorder *recorder, struct reason *reason) {
    struct retention_camera *cameras = calloc(recorder->camera_count + 1, sizeof *cameras);
    if (cameras == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < recorder->camera_count; i++) {
        const struct camera_recording *camera = recorder->cameras[i];
        cameras[i] = (struct retention_camera){.id = topic_id(camera->topic),
                                               .max_bytes = camera->settings.max_bytes,
                                               .max_age_ns = camera->settings.max_age_ns};
    }
    const int64_t deadline_ns = clock_monotonic_ns() + DELETE_NS;
    bool is_over = true, is_stuck = false;
    enum err error = ERR_OK;
    while (error == ERR_OK && is_over && !is_stuck && clock_monotonic_ns() < deadline_ns) {
        recorder_mark_busy(recorder, true);
        error =
            retention_run(&recorder->retention, &recorder->disk, &recorder->settings, cameras, recorder->camera_count,
                          pending_bytes(recorder), &recorder->usage, &is_over, &is_stuck, reason);
    }
    if (error == ERR_OK && is_stuck && any_segment_is_open(recorder)) {
        error = sync_cameras(recorder, true, reason); /* what is finished can be deleted */
    }
    if (error == ERR_OK && is_over) {
        reason_set(reason, "%s",
                   recorder->settings.max_bytes != 0 && recorder->usage.bytes > recorder->settings.max_bytes
                       ? "max_bytes is reached, and what is left is protected, or deletion is too slow"
                       : "the disk is full, and no recording is left to delete; see min_free");
    }
    recorder->is_full = is_over;
    const uint64_t pending = pending_bytes(recorder);
    recorder->settled_bytes = recorder->usage.bytes > pending ? recorder->usage.bytes - pending : 0;
    free(cameras);
    return error;
}

static enum err write_cameras(struct recorder *recorder, int64_t now_ns, struct reason *reason) {
    const uint64_t before = written_bytes(recorder);
    enum err error = ERR_OK;
    for (size_t i = 0; i < recorder->camera_count && error == ERR_OK; i++) {
        recorder->cameras[i]->is_off = recorder_is_off(recorder, topic_id(recorder->cameras[i]->topic));
        recorder_mark_busy(recorder, true);
        error = camera_recording_write(recorder->cameras[i], &recorder->disk, recorder->settings.segment_ns, now_ns,
                                       reason);
    }
    recorder->round_bytes = written_bytes(recorder) - before;
    return error;
}

static void hold_cameras(struct recorder *recorder, int64_t now_ns) {
    for (size_t i = 0; i < recorder->camera_count; i++) {
        camera_recording_hold(recorder->cameras[i], now_ns);
    }
}

static enum err adopt_some(struct recorder *recorder, struct reason *reason) {
    bool is_done = false;
    if (recorder->adoption == NULL) {
        return ERR_OK;
    }
    enum err error =
        adoption_step(recorder->adoption, &recorder->disk, clock_monotonic_ns() + ADOPT_NS, &is_done, reason);
    if (error == ERR_OK && is_done) {
        log_event(LOG_LEVEL_INFO, NULL, "recording: the catalogue has been made anew, from %llu segments",
                  (unsigned long long)adoption_count(recorder->adoption));
        adoption_destroy(&recorder->adoption);
    }
    return error;
}

/* Each sync: what is written becomes what is recorded. */
static enum err settle(struct recorder *recorder, bool is_last, struct reason *reason) {
    enum err error = sync_cameras(recorder, is_last, reason);
    if (error == ERR_OK) {
        error = write_history(recorder, reason);
    }
    if (error == ERR_OK) {
        error = adopt_some(recorder, reason);
    }
    if (error == ERR_OK) {
        error = recording_disk_commit(&recorder->disk, reason);
    }
    if (error == ERR_OK) {
        error = recording_disk_error(
            &recorder->disk, catalogue_writer_bytes(recorder->disk.catalogue, &recorder->settled_bytes), reason);
        recorder->usage.bytes = recorder->settled_bytes;
    }
    if (error == ERR_OK && recorder->usage.free_bytes > RESERVE_FROM_BYTES) {
        (void)recording_folder_make_reserve(&recorder->disk.folder);
    }
    return error;
}

static enum err work(struct recorder *recorder, bool is_last, struct reason *reason) {
    const int64_t now_ns = clock_monotonic_ns();
    const bool syncs = is_last || now_ns >= recorder->next_sync_ns;
    enum err error = ERR_OK;
    recorder_mark_busy(recorder, true);
    if (syncs) {
        recorder->next_sync_ns = now_ns + RECORDER_SYNC_NS;
        error = recording_folder_check(&recorder->disk.folder, reason);
    }
    const uint64_t max_bytes = recorder->settings.max_bytes;
    const bool is_near = max_bytes != 0 && recorder->settled_bytes + pending_bytes(recorder) > max_bytes;
    if (error == ERR_OK && !is_last && (syncs || is_near)) {
        error = make_room(recorder, reason);
    }
    if (error == ERR_OK && !recorder->is_full) {
        /* At the end no event can reach back any more. */
        error = write_cameras(recorder, is_last ? CLOCK_NEVER : now_ns, reason);
    } else if (error == ERR_OK) {
        hold_cameras(recorder, now_ns);
    }
    if (error == ERR_OK && syncs) {
        error = settle(recorder, is_last, reason);
    }
    if (error == ERR_OK) {
        error = recorder_obey(recorder, reason);
    }
    if (error == ERR_OK) {
        error = recording_disk_commit(&recorder->disk, reason);
    }
    if (error == ERR_OK && syncs) {
        recorder_set_state(recorder, recorder->is_full ? RECORDER_FULL : RECORDER_RECORDING,
                           recorder->is_full ? reason->text : "");
    }
    return error;
}

void recorder_round(struct recorder *recorder, bool is_last) {
    const int64_t now_ns = clock_monotonic_ns();
    struct reason reason = {""};
    enum err error = ERR_OK;
    take_change(recorder);
    note_events(recorder);
    recorder_mark_busy(recorder, true);
    if (!recording_disk_is_open(&recorder->disk) && now_ns >= recorder->next_open_ns && !is_last) {
        recorder->next_sync_ns = 0;
        error = open_disk(recorder, &reason);
    }
    const bool is_open = error == ERR_OK && recording_disk_is_open(&recorder->disk);
    if (is_open) {
        error = work(recorder, is_last, &reason);
    }
    if (error != ERR_OK) {
        fail(recorder, error, &reason);
    }
    if (error != ERR_OK || !is_open) {
        hold_cameras(recorder, now_ns);
        recorder_refuse(recorder);
    }
    recorder_publish_status(recorder);
    recorder_mark_busy(recorder, false);
}
