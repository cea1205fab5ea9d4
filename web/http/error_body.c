#include "web/http/error_body.h"

#include "broker/base/utf8.h"

#include <stdio.h>
#include <string.h>

#define CHARACTER_MAX_BYTES sizeof "\\u001F"

/* The character after the backslash in a short escape (RFC 8259, section 7); 0: none. */
static char short_escape(char character) {
    switch (character) {
    case '"':
    case '\\': return character;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return '\0';
    }
}

/* Writes the first character of text, which is not empty; returns how many bytes of text it takes. */
static size_t write_character(const char *text, char escaped[CHARACTER_MAX_BYTES]) {
    size_t count = utf8_character_bytes(text);
    char letter = short_escape(text[0]);
    if (count == 0) {
        snprintf(escaped, CHARACTER_MAX_BYTES, "?");
        return 1;
    }
    if (letter != '\0') {
        snprintf(escaped, CHARACTER_MAX_BYTES, "\\%c", letter);
    } else if ((unsigned char)text[0] < ' ') {
        snprintf(escaped, CHARACTER_MAX_BYTES, "\\u%04X", (unsigned)text[0]);
    } else {
        snprintf(escaped, CHARACTER_MAX_BYTES, "%.*s", (int)count, text);
    }
    return count;
}

size_t error_body_write(const char *code, const struct reason *message, char body[ERROR_BODY_MAX_BYTES]) {
    size_t used = (size_t)snprintf(body, ERROR_BODY_MAX_BYTES, "{\"error\":{\"code\":\"%s\",\"message\":\"", code);
    for (const char *text = message->text; *text != '\0';) {
        text += write_character(text, body + used);
        used += strlen(body + used);
    }
    return used + (size_t)snprintf(body + used, ERROR_BODY_MAX_BYTES - used, "\"}}");
}
