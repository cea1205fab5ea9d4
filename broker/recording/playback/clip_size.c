#include "broker/recording/playback/clip_size.h"

#include "broker/base/saturating.h"
#include "broker/recording/playback/recording_cursor.h"

#define SEGMENTS_AT_ONCE 64

/* How many frames the segments have, as the catalogue knows. ERR_BUSY: one is still being written. */
static enum err count_frames(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                             uint64_t max_frames) {
    struct catalogue_segment segments[SEGMENTS_AT_ONCE];
    struct catalogue_place place;
    const struct catalogue_place *after = NULL;
    size_t count;
    uint64_t frames = 0;
    do {
        enum err error =
            catalogue_read_segments(catalogue, camera_id, from_ns, to_ns, after, segments, SEGMENTS_AT_ONCE, &count);
        if (error != ERR_OK) {
            return error;
        }
        for (size_t i = 0; i < count; i++) {
            frames = add_count(frames, segments[i].frames);
            if (!segments[i].is_finished || frames > max_frames) {
                return ERR_BUSY;
            }
            place = (struct catalogue_place){segments[i].start_ns, segments[i].key};
            after = &place;
        }
    } while (count == SEGMENTS_AT_ONCE);
    return ERR_OK;
}

static enum err add_up(struct recording_cursor *cursor, int64_t from_ns, int64_t to_ns, uint64_t *bytes) {
    struct recorded_frame frame;
    enum err error = recording_cursor_seek(cursor, from_ns, 0);
    while (error == ERR_OK && (error = recording_cursor_peek(cursor, &frame)) == ERR_OK &&
           frame.part.captured_realtime_ns <= to_ns) {
        *bytes += frame.part.captured_realtime_ns >= from_ns ? frame.part.payload_bytes : 0;
        recording_cursor_take(cursor);
    }
    return error == ERR_CLOSED ? ERR_OK : error;
}

enum err clip_count_bytes(const char *path, const char *camera_id, int64_t from_ns, int64_t to_ns, size_t max_frames,
                          uint64_t *bytes) {
    struct catalogue *catalogue = NULL;
    struct recording_cursor *cursor = NULL;
    struct reason reason;
    uint64_t sum = 0;
    enum err error = catalogue_open(path, &catalogue, &reason);
    if (error == ERR_OK) {
        error = count_frames(catalogue, camera_id, from_ns, to_ns, max_frames);
    }
    if (error == ERR_OK) {
        error = recording_cursor_create(catalogue, path, camera_id, &cursor);
    }
    if (error == ERR_OK) {
        error = add_up(cursor, from_ns, to_ns, &sum);
    }
    recording_cursor_destroy(&cursor);
    catalogue_close(&catalogue);
    if (error == ERR_OK) {
        *bytes = sum;
    }
    return error;
}
