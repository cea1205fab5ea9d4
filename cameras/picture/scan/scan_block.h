/* Passes over one block of a sequential scan (ITU-T T.81, F.2.2): where it ends, and its difference of DC.
 *
 * Threads: any; nothing here keeps state. */
#ifndef CAMERAS_PICTURE_SCAN_SCAN_BLOCK_H
#define CAMERAS_PICTURE_SCAN_SCAN_BLOCK_H

#include "cameras/picture/scan/huffman_codes.h"

#include <stddef.h>

struct scan_block {
    size_t ac_at, end; /* in bits */
    int dc_difference;
};

/* The longest codes and numbers, and what is read ahead of them. */
#define SCAN_BLOCK_MAX_BYTES                                                                                           \
    ((HUFFMAN_CODE_MAX_BITS + DC_CATEGORY_MAX + 63 * (HUFFMAN_CODE_MAX_BITS + AC_CATEGORY_MAX)) / 8 + 9)

/* Begins at a bit, behind which SCAN_BLOCK_MAX_BYTES are read at most, whatever they are. False: there is no block that
 * T.81 allows. */
bool scan_block_pass(const struct huffman_codes *dc, const struct huffman_codes *ac, const uint8_t *bytes, size_t at,
                     struct scan_block *block);

#endif
