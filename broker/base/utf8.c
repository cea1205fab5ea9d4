#include "broker/base/utf8.h"

#include <stdbool.h>

static bool within(unsigned char byte, unsigned char min, unsigned char max) { return byte >= min && byte <= max; }

/* A NUL is never within the range of a following byte, so nothing behind the text's end is read. */
size_t utf8_character_bytes(const char *text) {
    const unsigned char *byte = (const unsigned char *)text;
    unsigned char min = 0x80,
                  max = 0xbf; /* of the second byte: no overlong forms, no surrogates, no more than 21 bits */
    size_t length;
    switch (byte[0]) {
    case 0xe0: min = 0xa0; break;
    case 0xed: max = 0x9f; break;
    case 0xf0: min = 0x90; break;
    case 0xf4: max = 0x8f; break;
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
    if (length > 1 && !within(byte[1], min, max)) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!within(byte[i], 0x80, 0xbf)) {
            return 0;
        }
    }
    return length;
}
