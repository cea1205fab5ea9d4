#include "cameras/motion/blobs.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS 40u
#define ROWS 20u
#define CELLS (COLUMNS * ROWS)

static uint8_t strengths[CELLS];
static zone_set zones[CELLS];
static uint32_t labels[CELLS], equal[CELLS + 1];
static struct blob blobs[BLOBS_MAX];

static int setup(void **state) {
    (void)state;
    memset(strengths, 0, sizeof strengths);
    for (size_t i = 0; i < CELLS; i++) {
        zones[i] = i % COLUMNS < COLUMNS / 2 ? 1 : 2;
    }
    return 0;
}

static void put(uint32_t column, uint32_t row, uint8_t strength) { strengths[row * COLUMNS + column] = strength; }

static size_t find(uint32_t reach) {
    const struct blob_grid grid = {.columns = COLUMNS,
                                   .rows = ROWS,
                                   .strengths = strengths,
                                   .zones = zones,
                                   .zone_count = 2,
                                   .labels = labels,
                                   .equal = equal};
    return blobs_find(&grid, reach, blobs);
}

static void nothing_has_no_blobs(void **state) {
    (void)state;
    assert_int_equal(find(1), 0);
}

/* The arms of a U meet only at its bottom: their labels turn out to be equal. */
static void a_shape_is_one_blob(void **state) {
    (void)state;
    for (uint32_t row = 2; row < 10; row++) {
        put(5, row, 10);
        put(12, row, 10);
    }
    for (uint32_t column = 5; column <= 12; column++) {
        put(column, 10, 10);
    }
    assert_int_equal(find(1), 1);
    assert_int_equal(blobs[0].cells, 24);
    assert_int_equal(blobs[0].total, 240);
    const struct cell_box *box = &blobs[0].box;
    assert_true(box->left == 5 && box->right == 13 && box->top == 2 && box->bottom == 11);
    assert_int_equal(labels[2 * COLUMNS + 5], labels[2 * COLUMNS + 12]);
}

static void reach_joins_what_is_near(void **state) {
    (void)state;
    put(3, 3, 10);
    put(5, 5, 20);
    assert_int_equal(find(1), 2);
    assert_int_equal(blobs[0].total, 20);
    assert_int_equal(blobs[1].total, 10);
    assert_int_equal(find(2), 1);
}

static void each_zone_has_its_strength(void **state) {
    (void)state;
    put(19, 3, 10);
    put(20, 3, 30);
    put(21, 3, 30);
    assert_int_equal(find(1), 1);
    assert_int_equal(blobs[0].strength[0], 10);
    assert_int_equal(blobs[0].strength[1], 60);
    assert_int_equal(blobs[0].total, 60);
}

static void of_too_many_the_strongest_are_kept(void **state) {
    (void)state;
    size_t count = 0;
    for (uint32_t row = 0; row < ROWS; row += 2) {
        for (uint32_t column = 0; column < COLUMNS; column += 2) {
            put(column, row, (uint8_t)(1 + count++));
        }
    }
    assert_int_equal(count, 200);
    assert_int_equal(find(1), BLOBS_MAX);
    for (size_t i = 0; i < BLOBS_MAX; i++) {
        assert_int_equal(blobs[i].total, count - i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_has_no_blobs, setup),
        cmocka_unit_test_setup(a_shape_is_one_blob, setup),
        cmocka_unit_test_setup(reach_joins_what_is_near, setup),
        cmocka_unit_test_setup(each_zone_has_its_strength, setup),
        cmocka_unit_test_setup(of_too_many_the_strongest_are_kept, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
