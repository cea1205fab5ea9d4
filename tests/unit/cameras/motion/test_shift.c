#include "cameras/motion/shift.h"
#include "tests/asserts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS 80u
#define ROWS 60u
#define CELLS (COLUMNS * ROWS)

static uint8_t background[CELLS], now[CELLS], moved[CELLS], scratch[CELLS];
static zone_set zones[CELLS];

/* Soft shapes, seen from a place that is x, y cells further to the right and below. */
static void draw(uint8_t *picture, double x, double y) {
    for (unsigned row = 0; row < ROWS; row++) {
        for (unsigned column = 0; column < COLUMNS; column++) {
            picture[row * COLUMNS + column] =
                (uint8_t)lrint(128 + 30 * sin(0.3 * (column + x)) + 30 * cos(0.3 * (row + y) + 0.1 * (column + x)));
        }
    }
}

static int setup(void **state) {
    (void)state;
    draw(background, 0, 0);
    for (size_t i = 0; i < CELLS; i++) {
        zones[i] = 1;
    }
    return 0;
}

static struct shift find(void) { return shift_find(background, now, zones, COLUMNS, ROWS, scratch); }

static unsigned worst_difference(void) {
    unsigned worst = 0;
    for (unsigned row = 4; row < ROWS - 4; row++) {
        for (unsigned column = 4; column < COLUMNS - 4; column++) {
            const int difference = abs(now[row * COLUMNS + column] - moved[row * COLUMNS + column]);
            worst = (unsigned)difference > worst ? (unsigned)difference : worst;
        }
    }
    return worst;
}

static void a_shift_is_found_and_taken_out(void **state) {
    (void)state;
    const double shifts[][2] = {{0.5, 0}, {0, -0.5}, {-0.8, 0.6}, {0.25, 0.9}};
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        draw(now, shifts[i][0], shifts[i][1]);
        const struct shift shift = find();
        assert_true(fabs(shift.x - shifts[i][0] * SHIFT_SCALE) < 0.1 * SHIFT_SCALE);
        assert_true(fabs(shift.y - shifts[i][1] * SHIFT_SCALE) < 0.1 * SHIFT_SCALE);
        shift_apply(shift, background, COLUMNS, ROWS, moved);
        assert_true(worst_difference() <= 8);
    }
}

static void what_is_not_known_at_the_edge_is_cleared(void **state) {
    (void)state;
    shift_apply((struct shift){.x = SHIFT_SCALE / 2, .y = -SHIFT_SCALE / 2}, background, COLUMNS, ROWS, moved);
    uint8_t *marks = scratch;
    memset(marks, 1, CELLS);
    shift_clear_edge(COLUMNS, ROWS, marks);
    unsigned kept = 0;
    for (size_t i = 0; i < CELLS; i++) {
        assert_true(marks[i] == 1 || moved[i] == background[i]);
        kept += marks[i];
    }
    assert_int_equal(kept, (COLUMNS - 6) * (ROWS - 6)); /* three cells on each side */

    memset(marks, 1, CELLS);
    shift_clear_edge(5, 5, marks); /* nothing but edges */
    for (size_t i = 0; i < CELLS; i++) {
        assert_int_equal(marks[i], i >= 25);
    }
}

static void what_moves_shifts_nothing(void **state) {
    (void)state;
    memcpy(now, background, sizeof now);
    for (unsigned row = 20; row < 35; row++) {
        memset(now + row * COLUMNS + 30, 20, 8);
    }
    const struct shift shift = find();
    assert_true(abs(shift.x) < SHIFT_SCALE / 8 && abs(shift.y) < SHIFT_SCALE / 8);
}

static void an_even_picture_has_no_shift(void **state) {
    (void)state;
    memset(background, 100, sizeof background);
    memset(now, 130, sizeof now);
    const struct shift shift = find();
    assert_int_equal(shift.x, 0);
    assert_int_equal(shift.y, 0);
}

static void masked_cells_do_not_count(void **state) {
    (void)state;
    memcpy(now, background, sizeof now);
    draw(scratch, 0.8, 0.8);
    for (unsigned row = 0; row < ROWS / 2; row++) {
        memcpy(now + row * COLUMNS, scratch + row * COLUMNS, COLUMNS);
        memset(zones + row * COLUMNS, 0, COLUMNS * sizeof zones[0]);
    }
    const struct shift shift = find();
    assert_int_equal(shift.x, 0);
    assert_int_equal(shift.y, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_shift_is_found_and_taken_out, setup),
        cmocka_unit_test_setup(what_is_not_known_at_the_edge_is_cleared, setup),
        cmocka_unit_test_setup(what_moves_shifts_nothing, setup),
        cmocka_unit_test_setup(an_even_picture_has_no_shift, setup),
        cmocka_unit_test_setup(masked_cells_do_not_count, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
