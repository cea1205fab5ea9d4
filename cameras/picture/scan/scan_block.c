#include "cameras/picture/scan/scan_block.h"

#include "cameras/picture/scan/load_bits.h"

/* Of the bits behind a code, T.81, F.2.2.1: the lower half of the numbers is negative. */
static int extend(uint64_t bits, unsigned category) {
    const int value = (int)(bits >> 1 >> (63 - category)); /* 0 in category 0 */
    return value < 1 << category >> 1 ? value - (1 << category) + 1 : value;
}

/* One code of AC and the number behind it. At the end of the block it sets the coefficient behind the last one. */
static bool pass_code(const struct huffman_codes *ac, const uint8_t *bytes, size_t *at, unsigned *coefficient) {
    unsigned length = 0;
    const int value = huffman_codes_find(ac, (uint32_t)(load_bits(bytes, *at) >> 48), &length);
    const unsigned category = (unsigned)value & 15, zeros = (unsigned)value >> 4 & 15;
    if (value == AC_END_OF_BLOCK) {
        *at += length;
        *coefficient = DCTSIZE2;
        return true;
    }
    if (value < 0 || category > AC_CATEGORY_MAX || (category == 0 && value != AC_ZERO_RUN)) {
        return false;
    }
    *at += length + category;
    *coefficient += zeros + 1;
    /* A run of zeros has a coefficient behind it. */
    return *coefficient < DCTSIZE2 || (*coefficient == DCTSIZE2 && category > 0);
}

bool scan_block_pass(const struct huffman_codes *dc, const struct huffman_codes *ac, const uint8_t *bytes, size_t at,
                     struct scan_block *block) {
    uint64_t bits = load_bits(bytes, at);
    const unsigned dc_entry = dc->lookup[bits >> (64 - DC_LOOKUP_BITS)];
    unsigned length = LOOKUP_LENGTH(dc_entry), category = LOOKUP_VALUE(dc_entry);
    if (dc_entry == 0) {
        const int value = huffman_codes_find(dc, (uint32_t)(bits >> 48), &length);
        if (value < 0 || value > DC_CATEGORY_MAX) {
            return false;
        }
        category = (unsigned)value;
    }
    block->dc_difference = extend(bits << length, category);
    unsigned used = length + category, coefficient = 1;
    bits <<= used;
    block->ac_at = at + used;
    for (;;) {
        if (used > LOADED_BITS - AC_LOOKUP_BITS) {
            at += used;
            used = 0;
            bits = load_bits(bytes, at);
        }
        const unsigned entry = ac->lookup[bits >> (64 - AC_LOOKUP_BITS)];
        const unsigned after = coefficient + LOOKUP_VALUE(entry);
        bits <<= LOOKUP_LENGTH(entry);
        if (after < DCTSIZE2) {
            used += LOOKUP_LENGTH(entry);
            coefficient = after;
        } else if (after == DCTSIZE2 || (after > LOOKUP_END_OF_BLOCK && after < LOOKUP_END_OF_BLOCK + DCTSIZE2)) {
            block->end = at + used + LOOKUP_LENGTH(entry);
            return true;
        } else { /* no entry, or it goes beyond the last coefficient, where codes are those of the next block */
            at += used;
            if (!pass_code(ac, bytes, &at, &coefficient)) {
                return false;
            }
            if (coefficient == DCTSIZE2) {
                block->end = at;
                return true;
            }
            used = 0;
            bits = load_bits(bytes, at);
        }
    }
}
