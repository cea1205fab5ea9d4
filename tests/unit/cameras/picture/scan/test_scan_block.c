#include "cameras/picture/scan/scan_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Codes of 4 bits, in the order of their values; one of 16 bits at the end. */
static const uint8_t dc_values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const uint8_t ac_values[] = {AC_END_OF_BLOCK, 0x01, 0x02, 0xF0, 0x0A, 0x0B, 0x10, 0xE1, 0x71, 0x61};
#define ONE "0001 1 " /* the next coefficient is 1 */
#define FOUR ONE ONE ONE ONE
#define SIXTEEN FOUR FOUR FOUR FOUR
#define RUN "0011 " /* 16 zeros */
#define END "0000 " /* of the block */

static JHUFF_TBL table_of(const uint8_t *values, unsigned count) {
    JHUFF_TBL table = {.sent_table = FALSE};
    table.bits[4] = (UINT8)count;
    table.bits[16] = 1;
    memcpy(table.huffval, values, count);
    table.huffval[count] = values == ac_values ? 0x03 : 15;
    return table;
}

static struct huffman_codes dc, ac;

static int set_codes(void **state) {
    (void)state;
    const JHUFF_TBL dc_table = table_of(dc_values, sizeof dc_values);
    const JHUFF_TBL ac_table = table_of(ac_values, sizeof ac_values);
    return huffman_codes_set(&dc, &dc_table, true) && huffman_codes_set(&ac, &ac_table, false) ? 0 : -1;
}

/* Passes over a block of ones and zeros, behind some bits, and in front of some that look like more codes. */
static bool pass(const char *text, struct scan_block *block, size_t *count) {
    uint8_t bytes[2 * SCAN_BLOCK_MAX_BYTES] = {0};
    size_t at = 3;
    for (*count = 0; *text != '\0'; text++) {
        if (*text != ' ') {
            bytes[at / 8] = (uint8_t)(bytes[at / 8] | (*text == '1') << (7 - at % 8));
            at++;
            ++*count;
        }
    }
    for (; at < 8 * sizeof bytes - 4; at += 5) { /* 00011: ones */
        bytes[(at + 3) / 8] = (uint8_t)(bytes[(at + 3) / 8] | 0x80 >> (at + 3) % 8);
        bytes[(at + 4) / 8] = (uint8_t)(bytes[(at + 4) / 8] | 0x80 >> (at + 4) % 8);
    }
    const bool passed = scan_block_pass(&dc, &ac, bytes, 3, block);
    block->end -= 3;
    block->ac_at -= 3;
    return passed;
}

static void block_ends_where_its_codes_do(void **state) {
    (void)state;
    static const struct {
        const char *bits;
        size_t ac_at;
        int difference;
    } blocks[] = {
        {"0000 " END, 4, 0},
        {"0001 1 " END, 5, 1},
        {"0001 0 " END, 5, -1},
        {"0011 000 " ONE END, 7, -7},
        {"1011 11111111111 " END, 15, 2047},
        {"1011 00000000000 " ONE END, 15, -2047},
        {"0000 " SIXTEEN SIXTEEN SIXTEEN FOUR FOUR FOUR ONE ONE ONE, 4, 0}, /* to the last coefficient */
        {"0000 " SIXTEEN SIXTEEN SIXTEEN FOUR FOUR FOUR ONE ONE END, 4, 0},
        {"0000 " RUN RUN RUN FOUR FOUR FOUR ONE ONE ONE, 4, 0},
        {"0000 " RUN RUN RUN "0111 1 ", 4, 0}, /* 14 zeros and a one: the last */
        {"0000 " RUN RUN RUN "1000 1 1001 1 ", 4, 0},
        {"0000 " RUN RUN RUN "1001 1 1001 1 " END, 4, 0},
        {"0000 0100 1111111111 " END, 4, 0},             /* as large as it can be */
        {"0000 1010 0000 0000 0000 101 " ONE END, 4, 0}, /* the longest code */
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        struct scan_block block;
        size_t count;
        assert_true(pass(blocks[i].bits, &block, &count));
        assert_int_equal(block.end, count);
        assert_int_equal(block.ac_at, blocks[i].ac_at);
        assert_int_equal(block.dc_difference, blocks[i].difference);
    }
}

static void what_the_standard_excludes_is_no_block(void **state) {
    (void)state;
    static const char *const blocks[] = {
        "1100 000000000000 " END,   /* a difference of 12 bits */
        "1101 0000 0000 0000 " END, /* of 15 */
        "1111 " END,                /* no code */
        "0000 1111 1111 1111 1111 ",
        "0000 0101 00000000000 " END, /* a coefficient of 11 bits */
        "0000 0110 " END,             /* a run of one zero, and no coefficient behind it */
        "0000 " RUN RUN RUN RUN END,  /* beyond the last coefficient */
        "0000 " RUN RUN RUN ONE RUN,
        "0000 " RUN RUN RUN FOUR FOUR FOUR ONE ONE RUN,
        "0000 " RUN RUN RUN ONE "0111 1 ",
        "0000 " SIXTEEN SIXTEEN SIXTEEN FOUR FOUR "1000 1 ", /* by one */
        "0000 " SIXTEEN SIXTEEN SIXTEEN FOUR FOUR FOUR ONE ONE "1000 1 ",
        "0000 " SIXTEEN SIXTEEN FOUR FOUR FOUR ONE ONE ONE RUN END, /* zeros to the last coefficient */
        "0000 " SIXTEEN SIXTEEN SIXTEEN RUN END,
        "0000 " SIXTEEN SIXTEEN SIXTEEN ONE RUN,
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        struct scan_block block;
        size_t count;
        assert_false(pass(blocks[i], &block, &count));
    }
}

static void table_that_the_standard_excludes_is_refused(void **state) {
    (void)state;
    struct huffman_codes codes = {.is_usable = false};
    JHUFF_TBL table = {.bits = {[1] = 2}, .huffval = {0, 1}};
    assert_false(huffman_codes_set(&codes, &table, true)); /* a code is all ones */
    table = (JHUFF_TBL){.bits = {[1] = 1, [2] = 3}, .huffval = {0, 1, 2, 3}};
    assert_false(huffman_codes_set(&codes, &table, true)); /* too many codes */
    table = (JHUFF_TBL){.bits = {[2] = 2}, .huffval = {5, 5}};
    assert_false(huffman_codes_set(&codes, &table, true)); /* two for one value */
    table = (JHUFF_TBL){.bits = {[2] = 1}, .huffval = {16}};
    assert_false(huffman_codes_set(&codes, &table, true)); /* no category */
    table = (JHUFF_TBL){.bits = {[1] = 1, [8] = 255, [16] = 255}};
    assert_false(huffman_codes_set(&codes, &table, false));
}

static void codes_that_masks_need_are_added_behind_the_others(void **state) {
    (void)state;
    struct huffman_codes codes = {.is_usable = false}, of_ac = {.is_usable = false};
    JHUFF_TBL table = {.bits = {[1] = 1}, .huffval = {0}};
    assert_true(huffman_codes_set(&codes, &table, true));
    assert_int_equal(codes.table.bits[1], 1);
    assert_int_equal(codes.table.bits[16], 11);
    for (unsigned i = 0; i <= DC_CATEGORY_MAX; i++) {
        assert_int_equal(codes.codes[i].length, i == 0 ? 1 : 16);
        assert_int_equal(codes.codes[i].bits, i == 0 ? 0 : 0x8000 + i - 1);
        assert_int_equal(codes.table.huffval[i], i);
    }
    /* 15 codes of 1 to 15 bits leave two of 16, the last of which is all ones. */
    table = (JHUFF_TBL){
        .huffval = {0xE1, 0x01, 0x11, 0x21, 0x31, 0x41, 0x51, 0x61, 0x71, 0x81, 0x91, 0xA1, 0xB1, 0xC1, 0xD1, 0x02}};
    memset(table.bits + 1, 1, 15);
    assert_true(huffman_codes_set(&of_ac, &table, false));
    assert_int_equal(of_ac.codes[AC_END_OF_BLOCK].bits, 0xFFFE);
    table.bits[16] = 1;
    assert_false(huffman_codes_set(&of_ac, &table, false)); /* no room is left */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_ends_where_its_codes_do),
        cmocka_unit_test(what_the_standard_excludes_is_no_block),
        cmocka_unit_test(table_that_the_standard_excludes_is_refused),
        cmocka_unit_test(codes_that_masks_need_are_added_behind_the_others),
    };
    return cmocka_run_group_tests(tests, set_codes, NULL);
}
