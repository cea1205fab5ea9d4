#include "web/http/chunked.h"

#include <string.h>

#define SIZE_DIGITS_MAX 15 /* beyond any body, and within 64 bits */
#define OTHER_MAX_BYTES 8192

static int hex_value(uint8_t character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    uint8_t lower = character | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The line with the size has ended. */
static enum err begin_chunk(struct chunked *chunked) {
    if (chunked->digits == 0) {
        return ERR_INVALID;
    }
    chunked->state = chunked->left > 0 ? CHUNKED_DATA : CHUNKED_TRAILER;
    chunked->digits = chunked->line_bytes = 0;
    return ERR_OK;
}

/* A byte that is not data. */
static enum err take_other(struct chunked *chunked, uint8_t byte) {
    int digit;
    if (++chunked->other_bytes > OTHER_MAX_BYTES) {
        return ERR_INVALID;
    }
    switch (chunked->state) {
    case CHUNKED_SIZE:
        digit = hex_value(byte);
        if (digit >= 0 && chunked->digits < SIZE_DIGITS_MAX) {
            chunked->left = chunked->left << 4 | (unsigned)digit;
            chunked->digits++;
            return ERR_OK;
        }
        if (digit >= 0 || chunked->digits == 0) {
            return ERR_INVALID;
        }
        chunked->state = CHUNKED_EXTENSION;
        return byte == '\n' ? begin_chunk(chunked) : ERR_OK;
    case CHUNKED_EXTENSION: return byte == '\n' ? begin_chunk(chunked) : ERR_OK;
    case CHUNKED_DATA_END:
        if (byte == '\n') {
            chunked->state = CHUNKED_SIZE;
        }
        return byte == '\n' || byte == '\r' ? ERR_OK : ERR_INVALID;
    case CHUNKED_TRAILER:
        if (byte == '\n') {
            chunked->state = chunked->line_bytes == 0 ? CHUNKED_FINISHED : CHUNKED_TRAILER;
            chunked->line_bytes = 0;
        } else {
            chunked->line_bytes += byte != '\r';
        }
        return ERR_OK;
    case CHUNKED_DATA:
    case CHUNKED_FINISHED: break;
    }
    return ERR_OK;
}

enum err chunked_decode(struct chunked *chunked, uint8_t *bytes, size_t count, size_t *decoded) {
    *decoded = 0;
    for (size_t i = 0; i < count && chunked->state != CHUNKED_FINISHED;) {
        if (chunked->state != CHUNKED_DATA) {
            if (take_other(chunked, bytes[i++]) != ERR_OK) {
                return ERR_INVALID;
            }
            continue;
        }
        size_t here = chunked->left < count - i ? (size_t)chunked->left : count - i;
        memmove(bytes + *decoded, bytes + i, here);
        *decoded += here;
        i += here;
        chunked->left -= here;
        chunked->other_bytes = 0;
        if (chunked->left == 0) {
            chunked->state = CHUNKED_DATA_END;
        }
    }
    return chunked->state == CHUNKED_FINISHED ? ERR_CLOSED : ERR_OK;
}
