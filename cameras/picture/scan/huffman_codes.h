/* The codes of a Huffman table of a sequential JPEG picture with 8 bits a sample (ITU-T T.81, annexes C and F), laid
 * out for passing over blocks: what counts is how long they are.
 *
 * Lifecycle: zeroed; huffman_codes_set() before each picture.
 * Threads: one at a time for huffman_codes_set(), any for the rest. */
#ifndef CAMERAS_PICTURE_SCAN_HUFFMAN_CODES_H
#define CAMERAS_PICTURE_SCAN_HUFFMAN_CODES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

/* T.81, F.1.2: the coefficients of pictures with 8 bits a sample. */
#define COEFFICIENT_DC_MIN (-1024)
#define COEFFICIENT_MAX 1023 /* and the negative of it, but for DC */
/* How many bits follow a code, to say which number it is. */
#define DC_CATEGORY_MAX 11 /* of a difference */
#define AC_CATEGORY_MAX 10
#define HUFFMAN_CODE_MAX_BITS 16

/* How many of the next bits find an entry. */
#define DC_LOOKUP_BITS 9
#define AC_LOOKUP_BITS 12

/* DC: the length of a code, and its category; 0: none. AC: the bits of as many codes as are complete, with the numbers
 * behind them, and how many coefficients these are. */
#define LOOKUP_ENTRY(length, value) ((uint16_t)((length) | (value) << 5))
#define LOOKUP_LENGTH(entry) ((entry)&31u)
#define LOOKUP_VALUE(entry) ((entry) >> 5)
/* AC: a longer code, a run of zeros or no code. More than all coefficients that an entry can have. */
#define LOOKUP_NONE 128u
/* AC: what the end of the block adds. */
#define LOOKUP_END_OF_BLOCK 256u

/* The values of AC codes that no number follows. */
#define AC_END_OF_BLOCK 0x00
#define AC_ZERO_RUN 0xF0 /* of 16 */

struct huffman_code {
    uint16_t bits;
    uint8_t length;
};

struct huffman_codes {
    bool is_usable;
    JHUFF_TBL source;                           /* what all else comes from */
    JHUFF_TBL table;                            /* the same, with the codes that it lacks and masks need at its end */
    uint32_t limits[HUFFMAN_CODE_MAX_BITS + 1]; /* of each length: the lowest 16 bits that begin with none of the
                                                   source's codes of this length or less */
    int32_t offsets[HUFFMAN_CODE_MAX_BITS + 1]; /* from codes of each length to their values */
    /* DC: that of each category; AC: only the first, "end of block". */
    struct huffman_code codes[DC_CATEGORY_MAX + 1];
    uint16_t lookup[1u << AC_LOOKUP_BITS];
};

/* Does nothing where source is the same as before. False: it is not a table that T.81 allows, or it has no room for the
 * codes that it lacks. is_dc: never changes. */
bool huffman_codes_set(struct huffman_codes *codes, const JHUFF_TBL *source, bool is_dc);

/* The value of the code that the next 16 bits begin with; -1: there is none. */
static inline int huffman_codes_find(const struct huffman_codes *codes, uint32_t next, unsigned *length) {
    for (unsigned i = 1; i <= HUFFMAN_CODE_MAX_BITS; i++) {
        if (next < codes->limits[i]) {
            *length = i;
            return codes->table.huffval[(int32_t)(next >> (HUFFMAN_CODE_MAX_BITS - i)) + codes->offsets[i]];
        }
    }
    return -1;
}

#endif
