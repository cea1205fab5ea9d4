#define _GNU_SOURCE /* memmem, strcasestr */
#include "broker/multipart_reader.h"

#include "broker/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DELIMITER_MAX_BYTES 200
#define OPEN_PART_FIRST_BYTES ((size_t)64 << 10)
/* Timestamps beyond the year 2262 do not fit nanoseconds. */
#define TIMESTAMP_MAX_S INT64_C(9200000000)

enum stage {
    STAGE_GAP,     /* before a delimiter */
    STAGE_HEADERS, /* of a part, which ends at an empty line */
    STAGE_SIZED,   /* a picture of known length */
    STAGE_OPEN,    /* a picture that ends at the next delimiter */
    STAGE_SKIPPED, /* a part of known length that is no picture */
};

struct multipart_reader {
    struct frame_pool *pool;
    char delimiter[DELIMITER_MAX_BYTES + 1]; /* with its dashes; "": to be learnt */
    enum stage stage;
    /* Read, but not yet understood. A part's first bytes come here too, behind its headers. */
    uint8_t pending[MULTIPART_HEADERS_MAX_BYTES];
    size_t pending_at, pending_bytes; /* where they begin, and how many they are */
    size_t passed_bytes;              /* of the gap, or of the headers */
    /* The part under way. */
    struct frame *frame;
    size_t frame_bytes;
    size_t left_bytes; /* STAGE_SIZED and STAGE_SKIPPED */
    bool has_length, is_picture;
    size_t length;
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
    if (error != ERR_OK) {
        free(reader);
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

static const uint8_t *first_pending(const struct multipart_reader *reader) {
    return reader->pending + reader->pending_at;
}

static void drop_pending(struct multipart_reader *reader, size_t count) {
    reader->pending_bytes -= count;
    reader->pending_at += count;
}

struct multipart_room multipart_reader_room(struct multipart_reader *reader) {
    if (reader->stage == STAGE_SIZED) {
        return (struct multipart_room){frame_data(reader->frame) + reader->frame_bytes, reader->left_bytes, true};
    }
    memmove(reader->pending, first_pending(reader), reader->pending_bytes);
    reader->pending_at = 0;
    return (struct multipart_room){reader->pending + reader->pending_bytes,
                                   sizeof reader->pending - reader->pending_bytes, false};
}

void multipart_reader_fill(struct multipart_reader *reader, size_t count) {
    if (reader->stage == STAGE_SIZED) {
        reader->frame_bytes += count;
        reader->left_bytes -= count;
    } else {
        reader->pending_bytes += count;
    }
}

/* ---- Lines ---- */

/* Takes the next line, cut to fit and without its end. False: it has not come to its end yet. */
static bool take_line(struct multipart_reader *reader, char *line, size_t room) {
    const uint8_t *begin = first_pending(reader);
    const uint8_t *end = memchr(begin, '\n', reader->pending_bytes);
    bool full = reader->pending_bytes == sizeof reader->pending;
    if (end == NULL && !full) {
        return false;
    }
    size_t taken = end != NULL ? (size_t)(end - begin) + 1 : reader->pending_bytes;
    size_t length = end != NULL ? taken - 1 : taken;
    while (length > 0 && strchr("\r \t", begin[length - 1]) != NULL) {
        length--;
    }
    length = length < room ? length : room - 1;
    memcpy(line, begin, length);
    line[length] = '\0';
    reader->passed_bytes += taken;
    drop_pending(reader, taken);
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
    value += strspn(value, " \t");
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

/* Moves what came with the headers into the part's own memory. */
static void take_early_bytes(struct multipart_reader *reader) {
    size_t count = reader->pending_bytes < reader->left_bytes ? reader->pending_bytes : reader->left_bytes;
    if (reader->stage == STAGE_SIZED) {
        memcpy(frame_data(reader->frame) + reader->frame_bytes, first_pending(reader), count);
        reader->frame_bytes += count;
    }
    reader->left_bytes -= count;
    drop_pending(reader, count);
}

static enum err begin_body(struct multipart_reader *reader) {
    reader->frame_bytes = 0;
    reader->left_bytes = reader->has_length ? reader->length : 0;
    reader->passed_bytes = 0;
    if (!reader->is_picture) {
        reader->stage = reader->has_length ? STAGE_SKIPPED : STAGE_GAP;
        return ERR_OK;
    }
    reader->stage = reader->has_length ? STAGE_SIZED : STAGE_OPEN;
    return frame_create(reader->pool, reader->has_length ? reader->length : OPEN_PART_FIRST_BYTES, &reader->frame);
}

static enum err read_headers(struct multipart_reader *reader, struct reason *reason) {
    char line[256];
    while (take_line(reader, line, sizeof line)) {
        if (line[0] == '\0') {
            return begin_body(reader);
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

static void give_frame(struct multipart_reader *reader, struct frame **frame) {
    frame_set_size(reader->frame, reader->frame_bytes);
    *frame_edit_info(reader->frame) = reader->info;
    *frame = reader->frame;
    reader->frame = NULL;
    reader->stage = STAGE_GAP;
    reader->passed_bytes = 0;
}

static enum err append(struct multipart_reader *reader, size_t count, struct reason *reason) {
    size_t needed = reader->frame_bytes + count;
    if (needed > MULTIPART_PART_MAX_BYTES) {
        reason_set(reason, "a part does not end within %zu MB", MULTIPART_PART_MAX_BYTES >> 20);
        return ERR_INVALID;
    }
    enum err error = ERR_OK;
    if (needed > frame_capacity(reader->frame)) {
        frame_set_size(reader->frame, reader->frame_bytes);
        error = frame_grow(&reader->frame, 2 * needed);
    }
    if (error == ERR_OK) {
        memcpy(frame_data(reader->frame) + reader->frame_bytes, first_pending(reader), count);
        reader->frame_bytes = needed;
        drop_pending(reader, count);
    }
    return error;
}

/* ERR_OK: the delimiter is there, and the frame is whole. */
static enum err read_open(struct multipart_reader *reader, struct reason *reason) {
    size_t length = strlen(reader->delimiter);
    const uint8_t *begin = first_pending(reader);
    const uint8_t *found = memmem(begin, reader->pending_bytes, reader->delimiter, length);
    size_t kept = length + 2; /* the delimiter may be cut in two, and a line ends before it */
    size_t body = found != NULL                  ? (size_t)(found - begin)
                  : reader->pending_bytes > kept ? reader->pending_bytes - kept
                                                 : 0;
    if (found != NULL) {
        /* The line end before the delimiter belongs to it. */
        size_t end = body;
        end -= end > 0 && begin[end - 1] == '\n';
        end -= end > 0 && begin[end - 1] == '\r';
        enum err error = append(reader, end, reason);
        if (error == ERR_OK) {
            drop_pending(reader, body - end);
        }
        return error;
    }
    enum err error = append(reader, body, reason);
    return error != ERR_OK ? error : ERR_BUSY;
}

static enum err read_body(struct multipart_reader *reader, struct frame **frame, struct reason *reason) {
    enum err error = ERR_OK;
    if (reader->stage == STAGE_OPEN) {
        error = read_open(reader, reason);
    } else {
        take_early_bytes(reader);
        error = reader->left_bytes > 0 ? ERR_BUSY : ERR_OK;
    }
    if (error != ERR_OK) {
        return error;
    }
    if (reader->stage == STAGE_SKIPPED || reader->frame_bytes == 0) {
        frame_unref(&reader->frame);
        reader->stage = STAGE_GAP;
    } else {
        give_frame(reader, frame);
    }
    return ERR_OK;
}

enum err multipart_reader_next(struct multipart_reader *reader, struct frame **frame, struct reason *reason) {
    enum err error = ERR_OK;
    *frame = NULL;
    while (error == ERR_OK && *frame == NULL) {
        switch (reader->stage) {
        case STAGE_GAP: error = pass_gap(reader, reason); break;
        case STAGE_HEADERS: error = read_headers(reader, reason); break;
        case STAGE_SIZED:
        case STAGE_OPEN:
        case STAGE_SKIPPED: error = read_body(reader, frame, reason); break;
        }
    }
    return error;
}
