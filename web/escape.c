#include "web/escape.h"

#include <stdbool.h>
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

static bool within(unsigned char byte, unsigned char least, unsigned char most) {
    return byte >= least && byte <= most;
}

/* The bytes of the well-formed character that text begins with (RFC 3629, section 4), or 0. A NUL is never within the
 * range of a following byte, so nothing behind the text's end is read. */
static size_t utf8_length(const char *text) {
    const unsigned char *byte = (const unsigned char *)text;
    unsigned char least = 0x80,
                  most = 0xbf; /* of the second byte: no overlong forms, no surrogates, no more than 21 bits */
    size_t length;
    switch (byte[0]) {
    case 0xe0: least = 0xa0; break;
    case 0xed: most = 0x9f; break;
    case 0xf0: least = 0x90; break;
    case 0xf4: most = 0x8f; break;
    default: break;
    }
    if (byte[0] < 0x80) {
        length = 1;
    } else if (within(byte[0], 0xc2, 0xdf)) {
        length = 2;
    } else if (within(byte[0], 0xe0, 0xef)) {
        length = 3;
    } else if (within(byte[0], 0xf0, 0xf4)) {
        length = 4;
    } else {
        return 0;
    }
    if (length > 1 && !within(byte[1], least, most)) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!within(byte[i], 0x80, 0xbf)) {
            return 0;
        }
    }
    return length;
}

void escape_utf8(const char *text, char *clean, size_t capacity) {
    size_t used = 0;
    while (*text != '\0') {
        size_t length = utf8_length(text);
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
