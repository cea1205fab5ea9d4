#define _GNU_SOURCE /* memmem */
#include "broker/multipart/multipart_reader.h"

#include "broker/base/saturating.h"
#include "broker/multipart/jpeg_walk.h"
#include "broker/multipart/multipart_delimiter.h"
#include "broker/multipart/part_headers.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longer lines are cut. */
#define LINE_BYTES 256
/* The least memory for the next read. */
#define BUFFER_MIN_BYTES ((size_t)4 << 10)

enum stage {
    STAGE_GAP,     /* before a delimiter */
    STAGE_HEADERS, /* of a part, which ends at an empty line */
    STAGE_PICTURE, /* a JPEG, which ends where it ends */
    STAGE_SIZED,   /* something else that is called a picture, of known length */
    STAGE_OPEN,    /* the same, which ends at the next delimiter */
    STAGE_SKIPPED, /* a part that is no picture, up to its length */
};

struct multipart_reader {
    struct frame_pool *pool;
    struct multipart_delimiter delimiter;
    enum stage stage;
    /* The stream is read into the memory of a frame, which is then cut to the picture in it: nothing is copied but what
     * was read beyond. */
    struct frame *frame;
    size_t at, end;       /* from where to where in it there is what is not understood yet */
    size_t passed_bytes;  /* of the gap, or of the headers */
    size_t padding_bytes; /* that the length of the part before promises in the gap */
    /* The part under way, which begins there. */
    struct part_headers headers; /* STAGE_SKIPPED: length is what is left of it */
    bool is_length_short;        /* the picture goes on behind its length */
    struct jpeg_walk walk;
    size_t searched_bytes; /* no delimiter begins in these */
    unsigned oddities;     /* enum multipart_oddity */
};

/* ---- Creation ---- */

enum err multipart_reader_create(struct frame_pool *pool, const char *content_type, struct multipart_reader **out) {
    struct multipart_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    reader->pool = pool;
    enum err error = multipart_delimiter_declare(&reader->delimiter, content_type);
    if (error == ERR_OK) {
        error = frame_create(pool, BUFFER_MIN_BYTES, &reader->frame);
    }
    if (error != ERR_OK) {
        multipart_reader_destroy(&reader);
        return error;
    }
    *out = reader;
    return ERR_OK;
}

unsigned multipart_reader_oddities(const struct multipart_reader *reader) {
    return reader->oddities | reader->delimiter.oddities | reader->headers.oddities;
}

void multipart_reader_destroy(struct multipart_reader **reader_pointer) {
    struct multipart_reader *reader = *reader_pointer;
    *reader_pointer = NULL;
    if (reader != NULL) {
        frame_unref(&reader->frame);
        free(reader);
    }
}

/* ---- Bytes in ---- */

static const uint8_t *unread(const struct multipart_reader *reader) { return frame_data(reader->frame) + reader->at; }

static size_t unread_bytes(const struct multipart_reader *reader) { return reader->end - reader->at; }

/* Continues in memory of that size, from the first byte that is not understood. */
static enum err move(struct multipart_reader *reader, size_t bytes) {
    struct frame *larger = NULL;
    size_t count = unread_bytes(reader);
    if (bytes <= frame_capacity(reader->frame)) {
        memmove(frame_data(reader->frame), unread(reader), count);
    } else {
        enum err error = frame_create(reader->pool, bytes, &larger);
        if (error != ERR_OK) {
            return error;
        }
        memcpy(frame_data(larger), unread(reader), count);
        frame_unref(&reader->frame);
        reader->frame = larger;
    }
    reader->at = 0;
    reader->end = count;
    return ERR_OK;
}

/* The length of the part, as long as it is what to read up to; otherwise 0. */
static size_t awaited_bytes(const struct multipart_reader *reader) {
    bool is_awaited = reader->stage == STAGE_SIZED ||
                      (reader->stage == STAGE_PICTURE && reader->headers.has_length && !reader->is_length_short);
    return is_awaited && reader->headers.length > unread_bytes(reader) ? reader->headers.length : 0;
}

/* For what is to be read next. */
static enum err reserve(struct multipart_reader *reader) {
    size_t count = unread_bytes(reader), awaited = awaited_bytes(reader);
    size_t needed = awaited > 0 ? awaited : count + BUFFER_MIN_BYTES;
    if (count > 0 && reader->at + needed <= frame_capacity(reader->frame)) {
        return ERR_OK;
    }
    bool is_open = awaited == 0 && (reader->stage == STAGE_OPEN || reader->stage == STAGE_PICTURE);
    return move(reader, is_open ? needed + needed / 2 : needed);
}

struct multipart_buffer multipart_reader_buffer(struct multipart_reader *reader) {
    size_t awaited = awaited_bytes(reader);
    size_t count = awaited > 0 ? awaited - unread_bytes(reader) : frame_capacity(reader->frame) - reader->end;
    return (struct multipart_buffer){frame_data(reader->frame) + reader->end, count};
}

void multipart_reader_fill(struct multipart_reader *reader, size_t count) { reader->end += count; }

/* ---- Lines ---- */

/* Takes the next line, cut to fit and without its end. False: it has not come to its end yet. */
static bool take_line(struct multipart_reader *reader, char *line, size_t capacity) {
    const uint8_t *begin = unread(reader);
    size_t count = unread_bytes(reader);
    bool full = count >= MULTIPART_HEADERS_MAX_BYTES;
    count = full ? MULTIPART_HEADERS_MAX_BYTES : count;
    const uint8_t *end = memchr(begin, '\n', count);
    if (end == NULL && !full) {
        return false;
    }
    size_t taken = end != NULL ? (size_t)(end - begin) + 1 : count;
    size_t length = end != NULL ? taken - 1 : taken;
    while (length > 0 && (begin[length - 1] == '\r' || begin[length - 1] == ' ' || begin[length - 1] == '\t')) {
        length--;
    }
    if (end == begin || (end != NULL && end[-1] != '\r')) {
        reader->oddities |= reader->stage == STAGE_HEADERS ? MULTIPART_LINE_FEEDS : 0;
    }
    length = min_size(length, capacity - 1);
    memcpy(line, begin, length);
    line[length] = '\0';
    reader->passed_bytes += taken;
    reader->at += taken;
    return true;
}

static void begin_part(struct multipart_reader *reader) {
    reader->stage = STAGE_HEADERS;
    reader->passed_bytes = 0;
    reader->padding_bytes = 0;
    reader->delimiter.candidate[0] = '\0';
    reader->oddities |= reader->headers.oddities;
    reader->headers = part_headers_none();
    reader->is_length_short = false;
}

/* ---- Parts ---- */

static void begin_body(struct multipart_reader *reader) {
    reader->passed_bytes = 0;
    reader->searched_bytes = 0;
    reader->walk = (struct jpeg_walk){.state = JPEG_WALK_MORE};
    reader->stage = STAGE_PICTURE;
}

/* Whether a picture comes next where a line should. ERR_BUSY: too little is there to say. ERR_NOT_FOUND. */
static enum err find_picture(const struct multipart_reader *reader) {
    static const uint8_t begin[] = {0xFF, 0xD8, 0xFF};
    const size_t count = unread_bytes(reader) < sizeof begin ? unread_bytes(reader) : sizeof begin;
    if (memcmp(unread(reader), begin, count) != 0) {
        return ERR_NOT_FOUND;
    }
    return count < sizeof begin ? ERR_BUSY : ERR_OK;
}

static enum err pass_gap(struct multipart_reader *reader, struct reason *reason) {
    char line[LINE_BYTES];
    for (;;) {
        /* Without any delimiter, pictures follow each other. Behind one, what follows a picture belongs to it. */
        const enum err found = reader->delimiter.is_learnt ? ERR_NOT_FOUND : find_picture(reader);
        if (found == ERR_OK) {
            reader->oddities |= MULTIPART_UNBEGUN;
            begin_part(reader);
            begin_body(reader);
            return ERR_OK;
        }
        if (found == ERR_BUSY || !take_line(reader, line, sizeof line)) {
            return ERR_BUSY;
        }
        switch (multipart_delimiter_judge(&reader->delimiter, line)) {
        case LINE_END: return ERR_CLOSED;
        case LINE_DELIMITER: begin_part(reader); return ERR_OK;
        case LINE_HEADER: begin_part(reader); return part_headers_read(&reader->headers, line, reason);
        case LINE_OTHER: break;
        }
        if (reader->passed_bytes > MULTIPART_GAP_MAX_BYTES + reader->padding_bytes) {
            reason_set(reason, "it is no multipart stream: the delimiter between pictures is missing");
            return ERR_INVALID;
        }
    }
}

static enum err read_headers(struct multipart_reader *reader, struct reason *reason) {
    char line[LINE_BYTES];
    for (;;) {
        const enum err found = find_picture(reader); /* the empty line may be missing */
        if (found == ERR_OK) {
            begin_body(reader);
            return ERR_OK;
        }
        if (found == ERR_BUSY || !take_line(reader, line, sizeof line)) {
            return ERR_BUSY;
        }
        if (line[0] == '\0') {
            begin_body(reader);
            return ERR_OK;
        }
        if (reader->passed_bytes > MULTIPART_HEADERS_MAX_BYTES) {
            reason_set(reason, "the headers of a part do not end");
            return ERR_INVALID;
        }
        const enum err error = part_headers_read(&reader->headers, line, reason);
        if (error != ERR_OK) {
            return error;
        }
    }
}

/* ---- Bodies ---- */

/* The next so many bytes are a picture. Another frame takes its place, as large, and gets what came behind it. */
static enum err give_frame(struct multipart_reader *reader, size_t bytes, struct frame **frame) {
    size_t end = reader->at + bytes;
    size_t rest = reader->end - end;
    size_t typical = end + end / 8;
    struct frame *next;
    enum err error = frame_create(reader->pool, max_size(rest, typical) + BUFFER_MIN_BYTES, &next);
    if (error != ERR_OK) {
        return error;
    }
    memcpy(frame_data(next), frame_data(reader->frame) + end, rest);
    frame_drop_front(reader->frame, reader->at);
    frame_set_size(reader->frame, bytes);
    *frame_edit_info(reader->frame) = reader->headers.info;
    *frame = reader->frame;
    reader->frame = next;
    reader->at = 0;
    reader->end = rest;
    reader->stage = STAGE_GAP;
    return ERR_OK;
}

/* As give_frame(), without the line ends before the picture. */
static enum err give_picture(struct multipart_reader *reader, size_t bytes, struct frame **frame) {
    size_t leading = reader->walk.leading_bytes;
    if (bytes <= leading) {
        reader->stage = STAGE_GAP;
        return ERR_OK;
    }
    reader->padding_bytes =
        reader->headers.has_length && reader->headers.length > bytes ? reader->headers.length - bytes : 0;
    reader->at += leading;
    return give_frame(reader, bytes - leading, frame);
}

static enum err read_sized(struct multipart_reader *reader, struct frame **frame) {
    return unread_bytes(reader) < reader->headers.length ? ERR_BUSY
                                                         : give_picture(reader, reader->headers.length, frame);
}

/* Finds the delimiter that ends the part, or remembers where to go on. *bytes: of the part before it. */
static bool find_delimiter(struct multipart_reader *reader, size_t *bytes) {
    static const char unknown[] = "\n--";
    const char *delimiter = reader->delimiter.text[0] != '\0' ? reader->delimiter.text : unknown;
    const uint8_t *begin = unread(reader);
    size_t count = unread_bytes(reader), length = strlen(delimiter);
    const uint8_t *found = memmem(begin + reader->searched_bytes, count - reader->searched_bytes, delimiter, length);
    if (found == NULL) {
        reader->searched_bytes = count < length ? 0 : count - length + 1; /* the delimiter may be cut in two */
        return false;
    }
    *bytes = (size_t)(found - begin);
    /* The line end before the delimiter belongs to it. */
    *bytes -= *bytes > 0 && begin[*bytes - 1] == '\n';
    *bytes -= *bytes > 0 && begin[*bytes - 1] == '\r';
    return true;
}

static enum err read_open(struct multipart_reader *reader, struct frame **frame, struct reason *reason) {
    size_t bytes = unread_bytes(reader);
    bool found = find_delimiter(reader, &bytes);
    if (bytes > MULTIPART_PART_MAX_BYTES) {
        reason_set(reason, "a part does not end within %zu MB", MULTIPART_PART_MAX_BYTES >> 20);
        return ERR_INVALID;
    }
    return found ? give_picture(reader, bytes, frame) : ERR_BUSY;
}

/* Whether a delimiter stands where the length says that the part ends. ERR_BUSY: too little is there to say. */
static enum err check_length(const struct multipart_reader *reader) {
    const char *delimiter = reader->delimiter.text[0] != '\0' ? reader->delimiter.text : "--";
    const uint8_t *behind = unread(reader) + reader->headers.length;
    size_t count = unread_bytes(reader) - reader->headers.length, length = strlen(delimiter);
    for (int i = 0; i < 2 && count > 0 && (*behind == '\r' || *behind == '\n'); i++, behind++) {
        count--;
    }
    if (memcmp(behind, delimiter, min_size(count, length)) != 0) {
        return ERR_INVALID;
    }
    return count < length ? ERR_BUSY : ERR_OK;
}

/* The walk has found neither the end nor a fault so far. */
static enum err read_unended(struct multipart_reader *reader, struct frame **frame, struct reason *reason) {
    if (!reader->headers.has_length || reader->is_length_short) {
        return read_open(reader, frame, reason);
    }
    if (unread_bytes(reader) < reader->headers.length) {
        return ERR_BUSY;
    }
    switch (check_length(reader)) {
    case ERR_OK: return give_picture(reader, reader->headers.length, frame);
    case ERR_BUSY: return ERR_BUSY;
    default: reader->is_length_short = true; return ERR_OK;
    }
}

static enum stage stage_of_other_body(const struct multipart_reader *reader) {
    if (reader->headers.is_picture) {
        return reader->headers.has_length ? STAGE_SIZED : STAGE_OPEN;
    }
    return reader->headers.has_length ? STAGE_SKIPPED : STAGE_GAP;
}

static void note_oddities_of_picture(struct multipart_reader *reader) {
    const size_t bytes = reader->walk.walked_bytes;
    const unsigned wrong = reader->headers.length != bytes ? MULTIPART_WRONG_LENGTH : 0;
    reader->oddities |= reader->headers.has_length ? wrong : MULTIPART_UNSIZED;
    reader->oddities |= reader->headers.is_picture ? 0 : MULTIPART_WRONG_TYPE;
}

static enum err read_picture(struct multipart_reader *reader, struct frame **frame, struct reason *reason) {
    size_t walked = reader->walk.walked_bytes, bytes;
    switch (jpeg_walk_feed(&reader->walk, unread(reader) + walked, unread_bytes(reader) - walked)) {
    case JPEG_WALK_ENDED:
        note_oddities_of_picture(reader);
        return give_picture(reader, reader->walk.walked_bytes, frame);
    case JPEG_WALK_MORE: return read_unended(reader, frame, reason);
    case JPEG_WALK_ALIEN:
        reader->walk.leading_bytes = 0;
        reader->stage = stage_of_other_body(reader);
        return ERR_OK;
    case JPEG_WALK_BROKEN: break;
    }
    if (find_delimiter(reader, &bytes)) {
        return give_picture(reader, bytes, frame);
    }
    reader->stage = reader->headers.has_length && !reader->is_length_short ? STAGE_SIZED : STAGE_OPEN;
    return ERR_OK;
}

static enum err skip(struct multipart_reader *reader) {
    size_t count = min_size(unread_bytes(reader), reader->headers.length);
    reader->at += count;
    reader->headers.length -= count;
    if (reader->headers.length > 0) {
        return ERR_BUSY;
    }
    reader->stage = STAGE_GAP;
    return ERR_OK;
}

enum err multipart_reader_next(struct multipart_reader *reader, struct frame **frame, struct reason *reason) {
    enum err error = ERR_OK;
    *frame = NULL;
    while (error == ERR_OK && *frame == NULL) {
        switch (reader->stage) {
        case STAGE_GAP: error = pass_gap(reader, reason); break;
        case STAGE_HEADERS: error = read_headers(reader, reason); break;
        case STAGE_PICTURE: error = read_picture(reader, frame, reason); break;
        case STAGE_SIZED: error = read_sized(reader, frame); break;
        case STAGE_OPEN: error = read_open(reader, frame, reason); break;
        case STAGE_SKIPPED: error = skip(reader); break;
        }
    }
    if (error == ERR_BUSY) {
        error = reserve(reader);
        error = error == ERR_OK ? ERR_BUSY : error;
    }
    return error;
}
