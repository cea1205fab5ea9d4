/* A JPEG as cameras send it that leave out the Huffman tables. */
#ifndef TESTS_BARE_JPEG_H
#define TESTS_BARE_JPEG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Copies a JPEG without its DHT segments; returns how long the copy is. */
static inline size_t strip_tables(const uint8_t *jpeg, size_t count, uint8_t *bare) {
    size_t at = 2;
    size_t out = 2;
    memcpy(bare, jpeg, 2);
    while (jpeg[at + 1] != 0xda) {
        size_t segment = 2 + ((size_t)jpeg[at + 2] << 8 | jpeg[at + 3]);
        if (jpeg[at + 1] != 0xc4) {
            memcpy(bare + out, jpeg + at, segment);
            out += segment;
        }
        at += segment;
    }
    memcpy(bare + out, jpeg + at, count - at);
    return out + count - at;
}

#endif
