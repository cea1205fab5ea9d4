/* Bits of entropy-coded data, the highest first (ITU-T T.81, F.1.2.3). */
#ifndef CAMERAS_PICTURE_SCAN_LOAD_BITS_H
#define CAMERAS_PICTURE_SCAN_LOAD_BITS_H

#include <stddef.h>
#include <stdint.h>

/* What load_bits() gives at least. */
#define LOADED_BITS 57u

/* The next LOADED_BITS or more from a position, as the highest of the result. 8 bytes are read. */
static inline uint64_t load_bits(const uint8_t *bytes, size_t at) {
    const uint8_t *from = bytes + at / 8;
    const uint64_t word = (uint64_t)from[0] << 56 | (uint64_t)from[1] << 48 | (uint64_t)from[2] << 40 |
                          (uint64_t)from[3] << 32 | (uint64_t)from[4] << 24 | (uint64_t)from[5] << 16 |
                          (uint64_t)from[6] << 8 | from[7];
    return word << at % 8;
}

#endif
