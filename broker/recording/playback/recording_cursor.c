#include "broker/recording/playback/recording_cursor.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/multipart/jpeg_size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frames of different segments that are farther apart have a gap between them. */
#define GAP_NS (3 * NS_PER_S)
#define PATH_MAX_BYTES 4096

struct recording_cursor {
    struct catalogue *catalogue;
    struct catalogue_segment segment; /* the one that is read from, or was last; zeroed: before the first */
    struct segment_reader *reader;    /* NULL: the segment that begins next is to be opened */
    struct segment_reader *previous;  /* the segment before, while the current frame is in it; NULL: it is not */
    struct recorded_frame ahead, current;
    struct segment_reader *current_reader; /* reader or previous */
    struct recording_place place;          /* of the current frame */
    bool has_ahead;
    int64_t last_ns; /* capture time of the frame before; INT64_MIN: none */
    char camera[TOPIC_ID_MAX_BYTES + 1];
    char path[];
};

enum err recording_cursor_create(struct catalogue *catalogue, const char *path, const char *camera_id,
                                 struct recording_cursor **out) {
    const size_t bytes = strlen(path) + 1;
    struct recording_cursor *cursor = calloc(1, sizeof *cursor + bytes);
    if (cursor == NULL) {
        return ERR_MEMORY;
    }
    cursor->catalogue = catalogue;
    cursor->last_ns = INT64_MIN;
    snprintf(cursor->camera, sizeof cursor->camera, "%s", camera_id);
    memcpy(cursor->path, path, bytes);
    *out = cursor;
    return ERR_OK;
}

void recording_cursor_destroy(struct recording_cursor **cursor_pointer) {
    struct recording_cursor *cursor = *cursor_pointer;
    *cursor_pointer = NULL;
    if (cursor != NULL) {
        segment_reader_close(&cursor->reader);
        segment_reader_close(&cursor->previous);
        free(cursor);
    }
}

/* ---- From segment to segment ---- */

/* The file before stays open while the current frame is in it. */
static void leave_segment(struct recording_cursor *cursor) {
    if (cursor->current_reader == cursor->reader && cursor->reader != NULL) {
        segment_reader_close(&cursor->previous);
        cursor->previous = cursor->reader;
        cursor->reader = NULL;
    } else {
        segment_reader_close(&cursor->reader);
    }
}

static enum err open_segment(struct recording_cursor *cursor) {
    char path[PATH_MAX_BYTES];
    int length = snprintf(path, sizeof path, "%s/%s/%s", cursor->path, cursor->camera, cursor->segment.name);
    enum err error = length < (int)sizeof path ? segment_reader_open(path, &cursor->reader) : ERR_INVALID;
    if (error == ERR_OK) {
        segment_reader_set_camera(cursor->reader, cursor->camera);
    }
    return error;
}

/* Whether the segment cannot be read, now or ever, and others can. */
static bool is_passed_over(enum err error) {
    return error == ERR_NOT_FOUND || error == ERR_INVALID || error == ERR_DENIED || error == ERR_IO;
}

/* Goes to the segment that begins next and can be read. ERR_CLOSED: there is none. */
static enum err open_next_segment(struct recording_cursor *cursor) {
    for (;;) {
        const struct catalogue_place place = {cursor->segment.start_ns, cursor->segment.key};
        struct catalogue_segment next;
        enum err error = catalogue_next_segment(cursor->catalogue, cursor->camera, &place, &next);
        if (error != ERR_OK) {
            return error == ERR_NOT_FOUND ? ERR_CLOSED : error;
        }
        leave_segment(cursor);
        cursor->segment = next;
        error = open_segment(cursor);
        if (!is_passed_over(error)) {
            return error;
        }
    }
}

/* ---- Frames ---- */

static enum err look_ahead(struct recording_cursor *cursor) {
    bool begins_segment = false;
    bool has_next = false; /* there is a segment behind this one, so that this one is complete */
    for (;;) {
        enum err error = ERR_CLOSED;
        if (cursor->reader != NULL) {
            error = segment_reader_next(cursor->reader, &cursor->ahead.part);
        }
        if (error == ERR_OK) {
            break;
        }
        if (error != ERR_CLOSED && !is_passed_over(error)) {
            return error;
        }
        if (cursor->reader != NULL && error == ERR_CLOSED && !has_next) {
            const struct catalogue_place place = {cursor->segment.start_ns, cursor->segment.key};
            struct catalogue_segment next;
            error = catalogue_next_segment(cursor->catalogue, cursor->camera, &place, &next);
            if (error != ERR_OK) {
                return error == ERR_NOT_FOUND ? ERR_CLOSED : error;
            }
            has_next = true; /* but frames may have been added since the file was read */
            continue;
        }
        error = open_next_segment(cursor);
        if (error != ERR_OK) {
            return error;
        }
        begins_segment = true;
        has_next = false;
    }
    cursor->ahead.fd = segment_reader_fd(cursor->reader);
    cursor->ahead.delimiter = segment_reader_delimiter(cursor->reader);
    cursor->ahead.is_after_gap =
        begins_segment && subtract_i64(cursor->ahead.part.captured_realtime_ns, cursor->last_ns) > GAP_NS;
    cursor->has_ahead = true;
    return ERR_OK;
}

enum err recording_cursor_peek(struct recording_cursor *cursor, struct recorded_frame *frame) {
    enum err error = cursor->has_ahead ? ERR_OK : look_ahead(cursor);
    if (error == ERR_OK) {
        *frame = cursor->ahead;
    }
    return error;
}

void recording_cursor_take(struct recording_cursor *cursor) {
    if (cursor->current_reader != cursor->reader) {
        segment_reader_close(&cursor->previous);
    }
    cursor->current = cursor->ahead;
    cursor->current_reader = cursor->reader;
    cursor->last_ns = cursor->ahead.part.captured_realtime_ns;
    cursor->has_ahead = false;
    cursor->place = (struct recording_place){.segment_start_ns = cursor->segment.start_ns,
                                             .segment_key = cursor->segment.key,
                                             .offset = cursor->current.part.offset,
                                             .captured_ns = cursor->last_ns};
}

struct recording_place recording_cursor_place(const struct recording_cursor *cursor) {
    return cursor->place;
}

const struct recorded_frame *recording_cursor_current(const struct recording_cursor *cursor) {
    return &cursor->current;
}

/* Before the first frame of all. */
static void rewind_cursor(struct recording_cursor *cursor) {
    segment_reader_close(&cursor->reader);
    segment_reader_close(&cursor->previous);
    cursor->current_reader = NULL;
    cursor->has_ahead = false;
    cursor->last_ns = INT64_MIN;
    cursor->segment = (struct catalogue_segment){.key = 0};
    cursor->place = (struct recording_place){.segment_key = 0};
}

enum err recording_cursor_resume(struct recording_cursor *cursor, const struct recording_place *place) {
    rewind_cursor(cursor);
    const struct catalogue_place before = {place->segment_start_ns, place->segment_key - 1};
    struct catalogue_segment segment;
    enum err error = catalogue_next_segment(cursor->catalogue, cursor->camera, &before, &segment);
    cursor->segment.start_ns = place->segment_start_ns;
    cursor->segment.key = place->segment_key;
    cursor->last_ns = place->captured_ns;
    cursor->place = *place;
    if (error != ERR_OK || segment.key != place->segment_key || segment.start_ns != place->segment_start_ns) {
        return error == ERR_NOT_FOUND ? ERR_OK : error; /* its segment is gone */
    }
    cursor->segment = segment;
    error = open_segment(cursor);
    if (error != ERR_OK) {
        return is_passed_over(error) ? ERR_OK : error;
    }
    struct segment_part part;
    segment_reader_seek(cursor->reader, place->offset);
    error = segment_reader_next(cursor->reader, &part); /* the one that was current */
    return error == ERR_CLOSED || is_passed_over(error) ? ERR_OK : error;
}

enum err recording_cursor_seek(struct recording_cursor *cursor, int64_t realtime_ns, int64_t max_age_ns) {
    rewind_cursor(cursor);
    uint64_t offset = 0;
    enum err error = catalogue_find_segment(cursor->catalogue, cursor->camera, realtime_ns, &cursor->segment, &offset);
    if (error == ERR_NOT_FOUND) {
        return ERR_OK; /* the first one of all */
    }
    if (error != ERR_OK) {
        return error;
    }
    error = open_segment(cursor);
    if (error != ERR_OK) {
        return is_passed_over(error) ? ERR_OK : error;
    }
    segment_reader_seek(cursor->reader, offset);
    struct segment_part part;
    error = segment_reader_find(cursor->reader, realtime_ns, &part);
    if (error == ERR_OK &&
        (realtime_ns <= cursor->segment.end_ns || subtract_i64(realtime_ns, part.captured_realtime_ns) <= max_age_ns)) {
        segment_reader_seek(cursor->reader, part.offset);
    } else if (error != ERR_OK && !is_passed_over(error) && error != ERR_CLOSED) {
        return error;
    }
    return ERR_OK;
}

enum err recording_cursor_read(const struct recording_cursor *cursor, struct frame_pool *pool, struct frame **out) {
    const struct segment_part *part = &cursor->current.part;
    struct frame *frame = NULL;
    enum err error = frame_create(pool, part->payload_bytes, &frame);
    if (error != ERR_OK) {
        return error;
    }
    error = segment_reader_read(cursor->current_reader, part, part->head_bytes, frame_data(frame), part->payload_bytes);
    if (error != ERR_OK) {
        frame_unref(&frame);
        return error;
    }
    frame_set_size(frame, part->payload_bytes);
    struct frame_info *info = frame_edit_info(frame);
    info->format = FRAME_JPEG;
    info->sequence = part->sequence;
    info->captured_realtime_ns = part->captured_realtime_ns;
    info->is_recorded = true;
    if (!jpeg_size_find(frame_payload(frame), &info->width_px, &info->height_px)) {
        frame_unref(&frame);
        return ERR_INVALID;
    }
    *out = frame;
    return ERR_OK;
}
