#include "broker/recording/retention.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"

/* A step of the clock that makes ages doubtful. */
#define STEP_NS (60 * NS_PER_S)

static bool ages_count(struct retention *retention, int64_t realtime_ns, int64_t monotonic_ns) {
    const int64_t offset_ns = realtime_ns - monotonic_ns;
    const int64_t step_ns = subtract_i64(offset_ns, retention->clock_offset_ns);
    if (retention->clock_offset_ns != 0 && (step_ns > STEP_NS || step_ns < -STEP_NS)) {
        retention->trusted_from_ns = add_i64(monotonic_ns, RETENTION_TRUST_NS);
        log_event(LOG_LEVEL_WARNING, NULL,
                  "recording: the clock was set %s by %.0f s: nothing is deleted for its age in the next ten minutes",
                  step_ns > 0 ? "forward" : "back", clock_seconds(step_ns > 0 ? step_ns : -step_ns));
    }
    retention->clock_offset_ns = offset_ns;
    return monotonic_ns >= retention->trusted_from_ns;
}

static enum err oldest(struct recording_disk *disk, int64_t camera, struct segment_place *places, size_t *count,
                       struct reason *reason) {
    return recording_disk_error(disk, catalogue_writer_oldest(disk->catalogue, camera, places, RETENTION_SLICE, count),
                                reason);
}

/* How many of the places, oldest first, have to go: those older than `before_ns`, and those that bring `bytes` too
 * many away. */
static size_t choose(const struct segment_place *places, size_t count, int64_t before_ns, uint64_t bytes) {
    size_t chosen = 0;
    uint64_t freed = 0;
    while (chosen < count && (places[chosen].end_ns < before_ns || freed < bytes)) {
        freed += places[chosen++].bytes;
    }
    return chosen;
}

static enum err delete_first(struct retention *retention, struct recording_disk *disk,
                             const struct segment_place *places, size_t count, struct reason *reason) {
    enum err error = recording_disk_delete(disk, places, count, reason);
    if (error == ERR_OK) {
        retention->deleted += count;
    }
    return error;
}

static enum err run_camera(struct retention *retention, struct recording_disk *disk,
                           const struct retention_camera *camera, int64_t now_ns, bool by_age, struct reason *reason) {
    struct segment_place places[RETENTION_SLICE];
    size_t count = 0;
    struct camera_sums sums;
    enum err error =
        recording_disk_error(disk, catalogue_writer_camera_sums(disk->catalogue, camera->id, &sums), reason);
    if (error != ERR_OK || sums.key == 0) {
        return error;
    }
    error = oldest(disk, sums.key, places, &count, reason);
    if (error != ERR_OK) {
        return error;
    }
    const uint64_t excess =
        camera->max_bytes != 0 && sums.bytes > camera->max_bytes ? sums.bytes - camera->max_bytes : 0;
    const int64_t before_ns = by_age && camera->max_age_ns != 0 ? now_ns - camera->max_age_ns : INT64_MIN;
    return delete_first(retention, disk, places, choose(places, count, before_ns, excess), reason);
}

static enum err measure(struct recording_disk *disk, uint64_t pending_bytes, struct retention_usage *usage,
                        struct reason *reason) {
    enum err error = recording_disk_error(disk, catalogue_writer_bytes(disk->catalogue, &usage->bytes), reason);
    usage->bytes += pending_bytes;
    if (error == ERR_OK) {
        error = recording_folder_free_bytes(disk->folder.path, &usage->free_bytes);
        if (error != ERR_OK) {
            reason_set(reason, "the disk does not say how much is free");
        }
    }
    return error;
}

static uint64_t excess_of(const struct recording_settings *settings, const struct retention_usage *usage) {
    const uint64_t over =
        settings->max_bytes != 0 && usage->bytes > settings->max_bytes ? usage->bytes - settings->max_bytes : 0;
    const uint64_t min_free = settings->min_free > RETENTION_MIN_FREE ? settings->min_free : RETENTION_MIN_FREE;
    const uint64_t lacking = usage->free_bytes < min_free ? min_free - usage->free_bytes : 0;
    return over > lacking ? over : lacking;
}

static enum err run_all(struct retention *retention, struct recording_disk *disk,
                        const struct recording_settings *settings, uint64_t pending_bytes, int64_t before_ns,
                        struct retention_usage *usage, bool *is_stuck, struct reason *reason) {
    struct segment_place places[RETENTION_SLICE];
    size_t count = 0;
    enum err error = measure(disk, pending_bytes, usage, reason);
    const uint64_t excess = error == ERR_OK ? excess_of(settings, usage) : 0;
    if (error != ERR_OK || (excess == 0 && before_ns == INT64_MIN)) {
        return error;
    }
    error = oldest(disk, 0, places, &count, reason);
    const size_t chosen = error == ERR_OK ? choose(places, count, before_ns, excess) : 0;
    *is_stuck = error == ERR_OK && count == 0 && excess > 0;
    if (error == ERR_OK && chosen > 0) {
        error = delete_first(retention, disk, places, chosen, reason);
        error = error == ERR_OK ? measure(disk, pending_bytes, usage, reason) : error;
    }
    return error;
}

enum err retention_run(struct retention *retention, struct recording_disk *disk,
                       const struct recording_settings *settings, const struct retention_camera *cameras,
                       size_t camera_count, uint64_t pending_bytes, struct retention_usage *usage, bool *is_over,
                       bool *is_stuck, struct reason *reason) {
    const int64_t now_ns = clock_realtime_ns();
    const bool by_age = ages_count(retention, now_ns, clock_monotonic_ns());
    enum err error = ERR_OK;
    *is_over = *is_stuck = false;
    for (size_t i = 0; i < camera_count && error == ERR_OK; i++) {
        if (cameras[i].max_bytes != 0 || cameras[i].max_age_ns != 0) {
            error = run_camera(retention, disk, &cameras[i], now_ns, by_age, reason);
        }
    }
    const int64_t before_ns = by_age && settings->max_age_ns != 0 ? now_ns - settings->max_age_ns : INT64_MIN;
    if (error == ERR_OK) {
        error = run_all(retention, disk, settings, pending_bytes, before_ns, usage, is_stuck, reason);
    }
    if (error == ERR_OK && before_ns != INT64_MIN) {
        error = recording_disk_begin(disk, reason);
    }
    if (error == ERR_OK && before_ns != INT64_MIN) {
        error = recording_disk_error(
            disk, catalogue_writer_trim_events(disk->catalogue, before_ns, RETENTION_SLICE * 10), reason);
    }
    *is_over = error == ERR_OK && excess_of(settings, usage) > 0;
    return error;
}
