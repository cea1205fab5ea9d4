#define _GNU_SOURCE /* strcasestr */
#include "broker/multipart/part_headers.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/frame/sequence.h"
#include "broker/multipart/multipart_oddity.h"

#include <string.h>
#include <strings.h>

/* Timestamps far beyond the year 2262 need not be read to their end: nanoseconds end there. */
#define TIMESTAMP_MAX_S INT64_C(99999999999)

struct part_headers part_headers_none(void) {
    return (struct part_headers){.is_picture = true, .info = {.state = STATE_LIVE}};
}

static bool is_digit(char character) { return character >= '0' && character <= '9'; }

static bool parse_count(const char *text, uint64_t max, uint64_t *count) {
    uint64_t value = 0;
    bool any = false;
    for (; is_digit(*text); text++, any = true) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *count = value;
    return any && *text == '\0';
}

/* Seconds with a fraction, to the nanosecond; 0: unknown, or out of range. */
static int64_t parse_timestamp(const char *text) {
    int64_t whole_s = 0;
    for (; is_digit(*text) && whole_s < TIMESTAMP_MAX_S; text++) {
        whole_s = whole_s * 10 + (*text - '0');
    }
    int64_t ns = clock_scale_ns(whole_s, 1, 1);
    if (ns == 0 || ns == INT64_MAX || (*text != '.' && *text != '\0')) {
        return 0;
    }
    int64_t unit_ns = NS_PER_S / 10;
    for (const char *digit = *text == '.' ? text + 1 : ""; is_digit(*digit); digit++, unit_ns /= 10) {
        ns = add_i64(ns, (*digit - '0') * unit_ns);
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

/* A length that is no number says nothing. */
static enum err read_part_length(struct part_headers *headers, const char *value, struct reason *reason) {
    uint64_t count = 0;
    const size_t digits = strspn(value, "0123456789");
    const bool is_number = digits > 0 && value[digits] == '\0';
    if (is_number && !parse_count(value, MULTIPART_PART_MAX_BYTES, &count)) {
        reason_set(reason, "a part claims to have %.20s bytes; the limit is %zu MB", value,
                   MULTIPART_PART_MAX_BYTES >> 20);
        return ERR_INVALID;
    }
    headers->oddities |= is_number ? 0 : MULTIPART_WRONG_LENGTH;
    headers->has_length = count > 0;
    headers->length = (size_t)count;
    return ERR_OK;
}

enum err part_headers_read(struct part_headers *headers, char *line, struct reason *reason) {
    char *value = strchr(line, ':');
    if (value == NULL) {
        return ERR_OK; /* noise: the body is checked anyway */
    }
    *value++ = '\0';
    while (*value == ' ' || *value == '\t') {
        value++;
    }
    uint64_t count;
    if (strcasecmp(line, "Content-Length") == 0) {
        return read_part_length(headers, value, reason);
    }
    if (strcasecmp(line, "Content-Type") == 0) {
        headers->is_picture = is_picture_type(value);
    } else if (strcasecmp(line, "Content-Disposition") == 0) {
        headers->is_picture &= strncasecmp(value, "form-data", 9) != 0 || strcasestr(value, "filename") != NULL;
    } else if (strcasecmp(line, "X-Sequence") == 0) {
        headers->info.sequence = parse_count(value, SEQUENCE_CLAIM_MAX, &count) ? count : 0;
    } else if (strcasecmp(line, "X-Timestamp") == 0) {
        headers->info.captured_realtime_ns = parse_timestamp(value);
    } else if (strcasecmp(line, "X-Camera-State") == 0) {
        headers->info.state = parse_state(value);
    }
    return ERR_OK;
}
