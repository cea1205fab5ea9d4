#include "config/json/json_lines.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NO_CONTAINER SIZE_MAX

struct value {
    unsigned line;
    size_t container; /* that holds it */
    size_t next;      /* after it and all that it holds */
};

struct json_lines {
    struct value *values;
    size_t count, capacity;
};

static enum err add_value(struct json_lines *lines, unsigned line, size_t container) {
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity == 0 ? 256 : lines->capacity * 2;
        struct value *values = realloc(lines->values, capacity * sizeof *values);
        if (values == NULL) {
            return ERR_MEMORY;
        }
        lines->values = values;
        lines->capacity = capacity;
    }
    lines->values[lines->count] = (struct value){.line = line, .container = container, .next = lines->count + 1};
    lines->count++;
    return ERR_OK;
}

/* Just behind the string that begins at `at`. */
static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') {
            at++;
        }
    }
    return at < end ? at + 1 : end;
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && strchr(" \t\r\n", *at) != NULL) {
        at++;
    }
    return at;
}

static const char *skip_word(const char *at, const char *end) {
    while (at < end && strchr(" \t\r\n,:[]{}\"", *at) == NULL) {
        at++;
    }
    return at;
}

static enum err scan(struct json_lines *lines, const char *at, const char *end) {
    size_t container = NO_CONTAINER;
    unsigned line = 1;
    unsigned key_line = 0; /* of the key whose value comes next; 0: no key */
    while (at < end) {
        const char *next = at + 1;
        switch (*at) {
        case '\n': line++; break;
        case ' ':
        case '\t':
        case '\r':
        case ',':
        case ':': break;
        case ']':
        case '}':
            if (container != NO_CONTAINER) {
                lines->values[container].next = lines->count;
                container = lines->values[container].container;
            }
            break;
        default:
            next = *at == '"' ? skip_string(at, end) : *at == '[' || *at == '{' ? next : skip_word(next, end);
            const char *after = skip_space(next, end);
            if (*at == '"' && after < end && *after == ':') {
                key_line = line;
                break;
            }
            enum err error = add_value(lines, key_line != 0 ? key_line : line, container);
            if (error != ERR_OK) {
                return error;
            }
            key_line = 0;
            if (*at == '[' || *at == '{') {
                container = lines->count - 1;
            }
        }
        at = next;
    }
    return ERR_OK;
}

enum err json_lines_scan(const char *text, size_t length, struct json_lines **lines) {
    struct json_lines *scanned = calloc(1, sizeof *scanned);
    enum err error = scanned == NULL ? ERR_MEMORY : scan(scanned, text, text + length);
    if (error != ERR_OK) {
        json_lines_destroy(&scanned);
        return error;
    }
    *lines = scanned;
    return ERR_OK;
}

void json_lines_destroy(struct json_lines **lines) {
    if (*lines == NULL) {
        return;
    }
    free((*lines)->values);
    free(*lines);
    *lines = NULL;
}

unsigned json_lines_at(const struct json_lines *lines, size_t value) {
    assert(value < lines->count);
    return lines->values[value].line;
}

size_t json_lines_next(const struct json_lines *lines, size_t value) {
    assert(value < lines->count);
    return lines->values[value].next;
}
