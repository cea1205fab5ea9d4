#include "web/views/escape.h"

#include "broker/base/utf8.h"

#include <string.h>

static const char *entity_of(char character) {
    switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void escape_html(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        const char *entity = entity_of(*text);
        if (entity != NULL) {
            fputs(entity, out);
        } else {
            fputc(*text, out);
        }
    }
}

void escape_utf8(const char *text, char *clean, size_t capacity) {
    size_t used = 0;
    while (*text != '\0') {
        size_t length = utf8_character_bytes(text);
        size_t step = length == 0 ? 1 : length;
        if (used + step >= capacity) {
            break;
        }
        if (length == 0) {
            clean[used] = '?';
        } else {
            memcpy(clean + used, text, length);
        }
        used += step;
        text += step;
    }
    clean[used] = '\0';
}
