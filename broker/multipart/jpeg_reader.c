#define _GNU_SOURCE /* memmem */
#include "broker/multipart/jpeg_reader.h"

#include "broker/base/saturating.h"
#include "broker/multipart/jpeg_walk.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN_BYTES ((size_t)16 << 10)

static const uint8_t beginning[] = {0xFF, 0xD8, 0xFF};

struct jpeg_reader {
    struct frame_pool *pool;
    struct frame *frame; /* the picture under way, from its first byte */
    size_t size;         /* bytes in it */
    size_t gap_bytes;    /* passed over since the last picture */
    struct jpeg_walk walk;
};

enum err jpeg_reader_create(struct frame_pool *pool, struct jpeg_reader **out) {
    struct jpeg_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    reader->pool = pool;
    enum err error = frame_create(pool, BUFFER_MIN_BYTES, &reader->frame);
    if (error != ERR_OK) {
        jpeg_reader_destroy(&reader);
        return error;
    }
    *out = reader;
    return ERR_OK;
}

void jpeg_reader_destroy(struct jpeg_reader **reader_pointer) {
    struct jpeg_reader *reader = *reader_pointer;
    *reader_pointer = NULL;
    if (reader != NULL) {
        frame_unref(&reader->frame);
        free(reader);
    }
}

struct multipart_buffer jpeg_reader_buffer(struct jpeg_reader *reader) {
    return (struct multipart_buffer){frame_data(reader->frame) + reader->size,
                                     frame_capacity(reader->frame) - reader->size};
}

void jpeg_reader_fill(struct jpeg_reader *reader, size_t count) { reader->size += count; }

/* Hands the picture out, and goes on with what was read beyond it in memory for another one of that size. */
static enum err take_picture(struct jpeg_reader *reader, struct frame **out) {
    const size_t end = reader->walk.walked_bytes, rest = reader->size - end;
    struct frame *next;
    enum err error = frame_create(reader->pool, max_size(rest, end) + BUFFER_MIN_BYTES, &next);
    if (error != ERR_OK) {
        return error;
    }
    memcpy(frame_data(next), frame_data(reader->frame) + end, rest);
    frame_set_size(reader->frame, end);
    (void)jpeg_walk_trim(&reader->walk, reader->frame);
    frame_edit_info(reader->frame)->state = STATE_LIVE;
    *out = reader->frame;
    *reader = (struct jpeg_reader){.pool = reader->pool, .frame = next, .size = rest};
    return ERR_OK;
}

/* Goes on where a picture begins, at `from` or behind it, or with what may be the first bytes of one. */
static void skip_to_picture(struct jpeg_reader *reader, size_t from) {
    uint8_t *bytes = frame_data(reader->frame);
    const uint8_t *found = memmem(bytes + from, reader->size - from, beginning, sizeof beginning);
    size_t at = reader->size > from + sizeof beginning ? reader->size - (sizeof beginning - 1) : from;
    if (found != NULL) {
        at = (size_t)(found - bytes);
    }
    reader->gap_bytes += at;
    reader->size -= at;
    memmove(bytes, bytes + at, reader->size);
    reader->walk = (struct jpeg_walk){0};
}

enum err jpeg_reader_next(struct jpeg_reader *reader, struct frame **frame, struct reason *reason) {
    for (;;) {
        struct jpeg_walk *walk = &reader->walk;
        const uint8_t *unwalked = frame_data(reader->frame) + walk->walked_bytes;
        switch (jpeg_walk_feed(walk, unwalked, reader->size - walk->walked_bytes)) {
        case JPEG_WALK_ENDED: return take_picture(reader, frame);
        case JPEG_WALK_BROKEN:
            skip_to_picture(reader, walk->walked_bytes - 2); /* the marker that does not belong there may begin one */
            reader->gap_bytes = 0;
            reason_set(reason, "it ends in the middle");
            return ERR_INVALID;
        case JPEG_WALK_ALIEN:
            skip_to_picture(reader, 1);
            if (reader->gap_bytes > JPEG_READER_GAP_MAX_BYTES) {
                reason_set(reason, "no JPEG begins within %zu KB", JPEG_READER_GAP_MAX_BYTES >> 10);
                return ERR_IO;
            }
            break;
        case JPEG_WALK_MORE:
            if (reader->size > MULTIPART_PART_MAX_BYTES) {
                reason_set(reason, "the picture is larger than %zu MB", MULTIPART_PART_MAX_BYTES >> 20);
                return ERR_IO;
            }
            if (reader->size == frame_capacity(reader->frame)) {
                frame_set_size(reader->frame, reader->size);
                enum err error = frame_grow(&reader->frame, 2 * reader->size);
                if (error != ERR_OK) {
                    return error;
                }
            }
            return ERR_BUSY;
        }
    }
}
