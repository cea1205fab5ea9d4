#include "broker/base/log_line.h"

#include "broker/base/clock.h"
#include "broker/base/utf8.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What may stand behind a text: "} and a newline. */
#define END_BYTES 3

static const struct {
    const char *name;
    char priority; /* of syslog(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", '3'},
    [LOG_LEVEL_WARNING] = {"warning", '4'},
    [LOG_LEVEL_INFO] = {"info", '6'},
    [LOG_LEVEL_DEBUG] = {"debug", '7'},
};

/* False, and nothing is written, if not all of it fits. */
static bool put(struct log_line *line, const char *bytes, size_t count) {
    if (line->count + count > line->capacity) {
        return false;
    }
    memcpy(line->text + line->count, bytes, count);
    line->count += count;
    return true;
}

static bool put_text(struct log_line *line, const char *text) { return put(line, text, strlen(text)); }

/* Of a well-formed character: C0, DEL and C1, which terminals obey. */
static bool is_control(const char *character) {
    const unsigned char *byte = (const unsigned char *)character;
    return byte[0] < 0x20 || byte[0] == 0x7f || (byte[0] == 0xc2 && byte[1] < 0xa0);
}

/* Writes one character of count bytes, 0: a byte that belongs to none. */
static bool put_plain(struct log_line *line, const char *character, size_t count) {
    if (count > 0 && !is_control(character)) {
        return put(line, character, count);
    }
    char escaped[2 * sizeof "\\xff"] = "";
    for (size_t i = 0; i < (count > 0 ? count : 1); i++) {
        snprintf(escaped + 4 * i, sizeof "\\xff", "\\x%02x", (unsigned char)character[i]);
    }
    return put_text(line, escaped);
}

/* The same as part of a JSON string (RFC 8259, section 7). */
static bool put_json(struct log_line *line, const char *character, size_t count) {
    if (count == 0) {
        return put_text(line, "\\ufffd");
    }
    if (is_control(character)) {
        char escaped[sizeof "\\u00ff"];
        snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)character[count - 1]); /* C1: as its second byte */
        return put_text(line, escaped);
    }
    char escaped[] = {'\\', *character};
    return *character == '"' || *character == '\\' ? put(line, escaped, sizeof escaped) : put(line, character, count);
}

/* Leaves enough for the end of the line. */
static void put_escaped(struct log_line *line, const char *text,
                        bool (*put_character)(struct log_line *line, const char *character, size_t count)) {
    line->capacity -= END_BYTES;
    for (bool fits = true; fits && *text != '\0';) {
        size_t count = utf8_character_bytes(text);
        fits = put_character(line, text, count);
        text += count > 0 ? count : 1;
    }
    line->capacity += END_BYTES;
}

static void format_text(struct log_line *line, const char *camera_id, const char *message) {
    if (camera_id != NULL) {
        put_escaped(line, camera_id, put_plain);
        put_text(line, ": ");
    }
    put_escaped(line, message, put_plain);
}

static void format_json(struct log_line *line, const char *now, enum log_level level, const char *camera_id,
                        const char *message) {
    char head[64 + CLOCK_TEXT_BYTES];
    snprintf(head, sizeof head, "{\"time\":\"%s\",\"level\":\"%s\",\"camera\":", now, levels[level].name);
    put_text(line, head);
    if (camera_id != NULL) {
        put_text(line, "\"");
        put_escaped(line, camera_id, put_json);
        put_text(line, "\"");
    } else {
        put_text(line, "null");
    }
    put_text(line, ",\"message\":\"");
    put_escaped(line, message, put_json);
    put_text(line, "\"}");
}

void log_line_format(struct log_line *line, enum log_shape shape, enum log_level level, const char *camera_id,
                     const char *message) {
    bool as_json = shape == LOG_SHAPE_JSON || shape == LOG_SHAPE_JOURNAL_JSON;
    char now[CLOCK_TEXT_BYTES];
    clock_format_utc(clock_realtime_ns(), 3, now);
    line->count = 0;
    line->capacity = as_json ? LOG_LINE_MAX_BYTES : LOG_TEXT_LINE_MAX_BYTES;
    char head[CLOCK_TEXT_BYTES + 16] = "";
    if (shape == LOG_SHAPE_TEXT) {
        snprintf(head, sizeof head, "%s %s ", now, levels[level].name);
    } else if (shape != LOG_SHAPE_JSON) {
        snprintf(head, sizeof head, "<%c>", levels[level].priority);
    }
    put_text(line, head);
    if (as_json) {
        format_json(line, now, level, camera_id, message);
    } else {
        format_text(line, camera_id, message);
    }
    put_text(line, "\n");
}
