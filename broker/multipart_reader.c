#define _GNU_SOURCE /* memmem, strcasestr */
#include "broker/multipart_reader.h"

#include "broker/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DELIMITER_MAX_BYTES 200
/* Memory for so much is there whenever more is to be read. */
#define ROOM_MIN_BYTES ((size_t)4 << 10)
/* Timestamps beyond the year 2262 do not fit nanoseconds. */
#define TIMESTAMP_MAX_S INT64_C(9200000000)

enum stage {
    STAGE_GAP,     /* before a delimiter */
    STAGE_HEADERS, /* of a part, which ends at an empty line */
    STAGE_SIZED,   /* a picture of known length */
    STAGE_OPEN,    /* a picture that ends at the next delimiter */
    STAGE_SKIPPED, /* a part that is no picture, as far as its length tells */
};

struct multipart_reader {
    struct frame_pool *pool;
    char delimiter[DELIMITER_MAX_BYTES + 1]; /* with its dashes; "": to be learnt */
    enum stage stage;
    /* The stream is read into the memory of a frame, which is then cut to the picture in it: nothing is copied but what
     * was read beyond. */
    struct frame *frame;
    size_t at, end;      /* from where to where in it there is what is not understood yet */
    size_t passed_bytes; /* of the gap, or of the headers */
    /* The part under way, which begins there. */
    bool has_length, is_picture;
    size_t length;         /* STAGE_SKIPPED: what is left of it */
    size_t searched_bytes; /* STAGE_OPEN: no delimiter begins in these */
    struct frame_info info;
};

/* ---- Creation ---- */

static enum err find_boundary(const char *content_type, char delimiter[DELIMITER_MAX_BYTES + 1]) {
    const char *found = content_type != NULL ? strcasestr(content_type, "boundary=") : NULL;
    if (found == NULL) {
        return ERR_OK;
    }
    found += strlen("boundary=");
    bool quoted = *found == '"';
    found += quoted;
    size_t length = strcspn(found, quoted ? "\"" : "; \t\r\n");
    if (length > DELIMITER_MAX_BYTES - 2) {
        return ERR_INVALID;
    }
    /* Many cameras declare the dashes as part of the name. */
    bool dashed = length > 2 && strncmp(found, "--", 2) == 0;
    if (length > 0) {
        snprintf(delimiter, DELIMITER_MAX_BYTES + 1, "%s%.*s", dashed ? "" : "--", (int)length, found);
    }
    return ERR_OK;
}

enum err multipart_reader_create(struct frame_pool *pool, const char *content_type, struct multipart_reader **out) {
    struct multipart_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    reader->pool = pool;
    enum err error = find_boundary(content_type, reader->delimiter);
    if (error == ERR_OK) {
        error = frame_create(pool, ROOM_MIN_BYTES, &reader->frame);
    }
    if (error != ERR_OK) {
        multipart_reader_destroy(&reader);
        return error;
    }
    *out = reader;
    return ERR_OK;
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

/* Goes on in memory for so many bytes, from the first one that is not understood. */
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

/* For what is to be read next. */
static enum err make_room(struct multipart_reader *reader) {
    size_t count = unread_bytes(reader);
    size_t needed = reader->stage == STAGE_SIZED ? reader->length : count + ROOM_MIN_BYTES;
    if (count > 0 && reader->at + needed <= frame_capacity(reader->frame)) {
        return ERR_OK;
    }
    return move(reader, reader->stage == STAGE_OPEN ? needed + needed / 2 : needed);
}

struct multipart_room multipart_reader_room(struct multipart_reader *reader) {
    size_t count = reader->stage == STAGE_SIZED ? reader->length - unread_bytes(reader)
                                                : frame_capacity(reader->frame) - reader->end;
    return (struct multipart_room){frame_data(reader->frame) + reader->end, count};
}

void multipart_reader_fill(struct multipart_reader *reader, size_t count) { reader->end += count; }

/* ---- Lines ---- */

static bool is_blank(uint8_t sign) { return sign == ' ' || sign == '\t'; }

/* Takes the next line, cut to fit and without its end. False: it has not come to its end yet. */
static bool take_line(struct multipart_reader *reader, char *line, size_t room) {
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
    while (length > 0 && (begin[length - 1] == '\r' || is_blank(begin[length - 1]))) {
        length--;
    }
    length = length < room ? length : room - 1;
    memcpy(line, begin, length);
    line[length] = '\0';
    reader->passed_bytes += taken;
    reader->at += taken;
    return true;
}

static enum err pass_gap(struct multipart_reader *reader, struct reason *reason) {
    char line[DELIMITER_MAX_BYTES + 3];
    while (take_line(reader, line, sizeof line)) {
        size_t length = strlen(reader->delimiter);
        if (length == 0 && strncmp(line, "--", 2) == 0 && strlen(line) > 2 && strlen(line) <= DELIMITER_MAX_BYTES) {
            length = strlen(line);
            memcpy(reader->delimiter, line, length + 1);
        }
        if (length > 0 && strncmp(line, reader->delimiter, length) == 0) {
            if (strcmp(line + length, "--") == 0) {
                return ERR_CLOSED;
            }
            if (line[length] == '\0') {
                reader->stage = STAGE_HEADERS;
                reader->passed_bytes = 0;
                reader->has_length = false;
                reader->is_picture = true;
                reader->info = (struct frame_info){.state = STATE_LIVE};
                return ERR_OK;
            }
        }
        if (reader->passed_bytes > MULTIPART_GAP_MAX_BYTES) {
            reason_set(reason, "it is no multipart stream: the delimiter between pictures is missing");
            return ERR_INVALID;
        }
    }
    return ERR_BUSY;
}

/* ---- Headers ---- */

static bool is_digit(char sign) { return sign >= '0' && sign <= '9'; }

static bool parse_count(const char *text, uint64_t most, uint64_t *count) {
    uint64_t value = 0;
    bool any = false;
    for (; is_digit(*text); text++, any = true) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (most - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *count = value;
    return any && *text == '\0';
}

/* Seconds with a fraction, to the nanosecond. */
static int64_t parse_timestamp(const char *text) {
    int64_t whole_s = 0;
    for (; is_digit(*text) && whole_s < TIMESTAMP_MAX_S; text++) {
        whole_s = whole_s * 10 + (*text - '0');
    }
    if (whole_s == 0 || whole_s >= TIMESTAMP_MAX_S || (*text != '.' && *text != '\0')) {
        return 0;
    }
    int64_t ns = whole_s * NS_PER_S;
    int64_t unit_ns = NS_PER_S / 10;
    for (const char *digit = *text == '.' ? text + 1 : ""; is_digit(*digit); digit++, unit_ns /= 10) {
        ns += (*digit - '0') * unit_ns;
    }
    return ns;
}

static enum camera_state parse_state(const char *text) {
    for (int state = STATE_IDLE; state <= STATE_OFFLINE; state++) {
        if (strcmp(text, state_name((enum camera_state)state)) == 0) {
            return (enum camera_state)state;
        }
    }
    return STATE_LIVE;
}

static bool is_picture_type(const char *type) {
    return strncasecmp(type, "image/", 6) == 0 || strncasecmp(type, "application/octet-stream", 24) == 0;
}

static enum err read_header(struct multipart_reader *reader, char *line, struct reason *reason) {
    char *value = strchr(line, ':');
    if (value == NULL) {
        return ERR_OK; /* the blank before a misplaced line, or noise: the body is checked anyway */
    }
    *value++ = '\0';
    while (is_blank((uint8_t)*value)) {
        value++;
    }
    uint64_t count;
    if (strcasecmp(line, "Content-Length") == 0) {
        if (!parse_count(value, UINT64_MAX / 2, &count) || count > MULTIPART_PART_MAX_BYTES) {
            reason_set(reason, "a part claims to have %.20s bytes; %zu MB are the most that is taken", value,
                       MULTIPART_PART_MAX_BYTES >> 20);
            return ERR_INVALID;
        }
        reader->has_length = count > 0;
        reader->length = (size_t)count;
    } else if (strcasecmp(line, "Content-Type") == 0) {
        reader->is_picture = is_picture_type(value);
    } else if (strcasecmp(line, "X-Sequence") == 0) {
        /* Half the range is left to count on. */
        reader->info.sequence = parse_count(value, UINT64_MAX / 2, &count) ? count : 0;
    } else if (strcasecmp(line, "X-Timestamp") == 0) {
        reader->info.captured_realtime_ns = parse_timestamp(value);
    } else if (strcasecmp(line, "X-Camera-State") == 0) {
        reader->info.state = parse_state(value);
    }
    return ERR_OK;
}

static void begin_body(struct multipart_reader *reader) {
    reader->passed_bytes = 0;
    reader->searched_bytes = 0;
    if (reader->is_picture) {
        reader->stage = reader->has_length ? STAGE_SIZED : STAGE_OPEN;
    } else {
        reader->stage = reader->has_length ? STAGE_SKIPPED : STAGE_GAP;
    }
}

static enum err read_headers(struct multipart_reader *reader, struct reason *reason) {
    char line[256];
    while (take_line(reader, line, sizeof line)) {
        if (line[0] == '\0') {
            begin_body(reader);
            return ERR_OK;
        }
        if (reader->passed_bytes > MULTIPART_HEADERS_MAX_BYTES) {
            reason_set(reason, "the headers of a part do not end");
            return ERR_INVALID;
        }
        enum err error = read_header(reader, line, reason);
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_BUSY;
}

/* ---- Bodies ---- */

/* The next so many bytes are a picture. Another frame takes its place, as large, and gets what came behind it. */
static enum err give_frame(struct multipart_reader *reader, size_t bytes, struct frame **frame) {
    size_t end = reader->at + bytes;
    size_t rest = reader->end - end;
    size_t usual = end + end / 8;
    struct frame *next;
    enum err error = frame_create(reader->pool, (rest > usual ? rest : usual) + ROOM_MIN_BYTES, &next);
    if (error != ERR_OK) {
        return error;
    }
    memcpy(frame_data(next), frame_data(reader->frame) + end, rest);
    frame_drop_front(reader->frame, reader->at);
    frame_set_size(reader->frame, bytes);
    *frame_edit_info(reader->frame) = reader->info;
    *frame = reader->frame;
    reader->frame = next;
    reader->at = 0;
    reader->end = rest;
    reader->stage = STAGE_GAP;
    return ERR_OK;
}

static enum err read_sized(struct multipart_reader *reader, struct frame **frame) {
    return unread_bytes(reader) < reader->length ? ERR_BUSY : give_frame(reader, reader->length, frame);
}

static enum err read_open(struct multipart_reader *reader, struct frame **frame, struct reason *reason) {
    const uint8_t *begin = unread(reader);
    size_t count = unread_bytes(reader), length = strlen(reader->delimiter);
    const uint8_t *found =
        memmem(begin + reader->searched_bytes, count - reader->searched_bytes, reader->delimiter, length);
    size_t bytes = found != NULL ? (size_t)(found - begin) : count;
    if (bytes > MULTIPART_PART_MAX_BYTES) {
        reason_set(reason, "a part does not end within %zu MB", MULTIPART_PART_MAX_BYTES >> 20);
        return ERR_INVALID;
    }
    if (found == NULL) {
        reader->searched_bytes = count < length ? 0 : count - length + 1; /* the delimiter may be cut in two */
        return ERR_BUSY;
    }
    /* The line end before the delimiter belongs to it. */
    bytes -= bytes > 0 && begin[bytes - 1] == '\n';
    bytes -= bytes > 0 && begin[bytes - 1] == '\r';
    if (bytes == 0) {
        reader->stage = STAGE_GAP;
        return ERR_OK;
    }
    return give_frame(reader, bytes, frame);
}

static enum err skip(struct multipart_reader *reader) {
    size_t count = unread_bytes(reader) < reader->length ? unread_bytes(reader) : reader->length;
    reader->at += count;
    reader->length -= count;
    if (reader->length > 0) {
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
        case STAGE_SIZED: error = read_sized(reader, frame); break;
        case STAGE_OPEN: error = read_open(reader, frame, reason); break;
        case STAGE_SKIPPED: error = skip(reader); break;
        }
    }
    if (error == ERR_BUSY) {
        error = make_room(reader);
        error = error == ERR_OK ? ERR_BUSY : error;
    }
    return error;
}
