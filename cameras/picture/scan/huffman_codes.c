#include "cameras/picture/scan/huffman_codes.h"

#include <string.h>

#define VALUES_MAX 256u

static unsigned count_values(const JHUFF_TBL *table) {
    unsigned count = 0;
    for (int length = 1; length <= HUFFMAN_CODE_MAX_BITS; length++) {
        count += table->bits[length];
    }
    return count;
}

static bool is_same(const JHUFF_TBL *a, const JHUFF_TBL *b) {
    return memcmp(a->bits + 1, b->bits + 1, HUFFMAN_CODE_MAX_BITS) == 0 &&
           memcmp(a->huffval, b->huffval, sizeof a->huffval) == 0;
}

/* Optimized tables have the codes alone that their picture uses. The missing ones get the longest codes, which changes
 * none of the others. */
static bool complete(JHUFF_TBL *table, bool is_dc) {
    const unsigned last_needed = is_dc ? DC_CATEGORY_MAX : AC_END_OF_BLOCK;
    unsigned count = count_values(table);
    bool has[VALUES_MAX] = {false};
    for (unsigned i = 0; i < count; i++) {
        const uint8_t value = table->huffval[i];
        if (has[value] || (is_dc && value > 15)) {
            return false;
        }
        has[value] = true;
    }
    for (unsigned value = 0; value <= last_needed; value++) {
        if (!has[value]) {
            if (count == VALUES_MAX || table->bits[HUFFMAN_CODE_MAX_BITS] == UINT8_MAX) {
                return false;
            }
            table->bits[HUFFMAN_CODE_MAX_BITS]++;
            table->huffval[count++] = (UINT8)value;
        }
    }
    return true;
}

/* T.81, annex C. No code is all ones. Codes that the source lacks are for writing only. */
static bool assign_codes(struct huffman_codes *codes, bool is_dc) {
    const unsigned last_needed = is_dc ? DC_CATEGORY_MAX : AC_END_OF_BLOCK;
    uint32_t code = 0;
    unsigned index = 0;
    for (unsigned length = 1; length <= HUFFMAN_CODE_MAX_BITS; length++) {
        codes->offsets[length] = (int32_t)index - (int32_t)code;
        codes->limits[length] = (code + codes->source.bits[length]) << (HUFFMAN_CODE_MAX_BITS - length);
        for (unsigned i = 0; i < codes->table.bits[length]; i++, code++, index++) {
            const unsigned value = codes->table.huffval[index];
            if (value <= last_needed) {
                codes->codes[value] = (struct huffman_code){(uint16_t)code, (uint8_t)length};
            }
        }
        if (code >= 1u << length) {
            return false;
        }
        code <<= 1;
    }
    return true;
}

/* 0: a run of zeros, or nothing that T.81 allows. */
static uint16_t entry_of(unsigned value, unsigned length, bool is_dc) {
    const unsigned category = value & 15, zeros = value >> 4;
    if (is_dc) {
        return value <= DC_CATEGORY_MAX ? LOOKUP_ENTRY(length, value) : 0;
    }
    if (value == AC_END_OF_BLOCK) {
        return LOOKUP_ENTRY(length, LOOKUP_END_OF_BLOCK);
    }
    return category > 0 && category <= AC_CATEGORY_MAX ? LOOKUP_ENTRY(length + category, zeros + 1) : 0;
}

/* The first code that each of the possible next bits begins with. */
static void find_first_codes(const struct huffman_codes *codes, uint16_t *entries, unsigned bits, bool is_dc) {
    unsigned at = 0, index = 0;
    for (unsigned length = 1; length <= bits; length++) {
        for (unsigned i = 0; i < codes->table.bits[length]; i++, index++) {
            const uint16_t entry = entry_of(codes->table.huffval[index], length, is_dc);
            for (const unsigned end = at + (1u << (bits - length)); at < end; at++) {
                entries[at] = entry;
            }
        }
    }
    memset(entries + at, 0, ((1u << bits) - at) * sizeof entries[0]);
}

static void join_codes(const uint16_t first[1u << AC_LOOKUP_BITS], uint16_t lookup[1u << AC_LOOKUP_BITS]) {
    const unsigned mask = (1u << AC_LOOKUP_BITS) - 1;
    for (unsigned i = 0; i <= mask; i++) {
        unsigned length = LOOKUP_LENGTH(first[i]), advance = LOOKUP_VALUE(first[i]);
        while (length < AC_LOOKUP_BITS && length > 0 && advance < LOOKUP_END_OF_BLOCK) {
            const uint16_t next = first[i << length & mask];
            if (next == 0 || length + LOOKUP_LENGTH(next) > AC_LOOKUP_BITS) {
                break;
            }
            length += LOOKUP_LENGTH(next);
            advance += LOOKUP_VALUE(next);
        }
        lookup[i] = length > 0 ? LOOKUP_ENTRY(length, advance) : LOOKUP_ENTRY(0, LOOKUP_NONE);
    }
}

bool huffman_codes_set(struct huffman_codes *codes, const JHUFF_TBL *source, bool is_dc) {
    if (codes->is_usable && is_same(&codes->source, source)) {
        return true;
    }
    codes->is_usable = false;
    codes->source = codes->table = *source;
    if (count_values(source) > VALUES_MAX || !complete(&codes->table, is_dc) || !assign_codes(codes, is_dc)) {
        return false;
    }
    if (is_dc) {
        find_first_codes(codes, codes->lookup, DC_LOOKUP_BITS, true);
    } else {
        uint16_t first[1u << AC_LOOKUP_BITS];
        find_first_codes(codes, first, AC_LOOKUP_BITS, false);
        join_codes(first, codes->lookup);
    }
    codes->is_usable = true;
    return true;
}
