#include "broker/base/saturating.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static void sums_stop_at_the_limits(void **state) {
    (void)state;
    assert_int_equal(add_i64(INT64_MAX - 1, 1), INT64_MAX);
    assert_int_equal(add_i64(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(add_i64(INT64_MAX, INT64_MAX), INT64_MAX);
    assert_int_equal(add_i64(INT64_MIN, -1), INT64_MIN);
    assert_int_equal(add_i64(INT64_MIN, INT64_MAX), -1);
}

static void differences_stop_at_the_limits(void **state) {
    (void)state;
    assert_int_equal(subtract_i64(INT64_MAX, -1), INT64_MAX);
    assert_int_equal(subtract_i64(0, INT64_MIN), INT64_MAX);
    assert_int_equal(subtract_i64(INT64_MIN, 1), INT64_MIN);
    assert_int_equal(subtract_i64(-2, INT64_MAX), INT64_MIN);
    assert_int_equal(subtract_i64(INT64_MAX, INT64_MAX), 0);
}

static void products_stop_at_the_limits(void **state) {
    (void)state;
    assert_int_equal(multiply_i64(INT64_MAX, 2), INT64_MAX);
    assert_int_equal(multiply_i64(INT64_MIN, -1), INT64_MAX);
    assert_int_equal(multiply_i64(INT64_MIN, 2), INT64_MIN);
    assert_int_equal(multiply_i64(-2, INT64_MAX), INT64_MIN);
    assert_int_equal(multiply_i64(INT64_MIN, 0), 0);
}

static void counts_stop_where_signed_numbers_end(void **state) {
    (void)state;
    assert_int_equal(add_count(1, 2), 3);
    assert_int_equal(add_count(INT64_MAX - 1, 1), INT64_MAX);
    assert_int_equal(add_count(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(add_count(UINT64_MAX, UINT64_MAX), INT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_stop_at_the_limits),
        cmocka_unit_test(differences_stop_at_the_limits),
        cmocka_unit_test(products_stop_at_the_limits),
        cmocka_unit_test(counts_stop_where_signed_numbers_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
