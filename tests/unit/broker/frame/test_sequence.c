#include "broker/frame/sequence.h"

#include "broker/base/saturating.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void gaps_are_counted_up_to_a_limit(void **state) {
    (void)state;
    assert_int_equal(sequence_missing(4, 5), 0);
    assert_int_equal(sequence_missing(4, 8), 3);
    assert_int_equal(sequence_missing(1, SEQUENCE_GAP_MAX + 2), SEQUENCE_GAP_MAX);
    assert_int_equal(sequence_missing(1, SEQUENCE_GAP_MAX + 3), 0);
    assert_int_equal(sequence_missing(1, INT64_MAX), 0);
}

static void a_count_that_starts_anew_has_no_gap(void **state) {
    (void)state;
    assert_int_equal(sequence_missing(0, 100), 0);
    assert_int_equal(sequence_missing(100, 1), 0);
    assert_int_equal(sequence_missing(100, 0), 0);
    assert_int_equal(sequence_missing(UINT64_MAX, UINT64_MAX), 0);
}

static void credible_claims_are_followed(void **state) {
    (void)state;
    assert_int_equal(sequence_follow(0, 0, 5000000, true), 5000000);
    assert_int_equal(sequence_follow(10, 2, 13, false), 13);
    assert_int_equal(sequence_follow(10, 0, 20, false), 20);
    assert_int_equal(sequence_follow(10, 0, 3, false), 11);
    assert_int_equal(sequence_follow(10, 0, 0, false), 11);
}

static void claims_beyond_bounds_only_count_on(void **state) {
    (void)state;
    static const uint64_t claims[] = {1, INT64_MAX, 1, UINT64_MAX, 1, SEQUENCE_CLAIM_MAX};
    uint64_t sequence = sequence_follow(0, 0, 1, true);
    for (unsigned i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        sequence = sequence_follow(sequence, sequence_missing(sequence, claims[i]), claims[i], false);
        assert_int_equal(sequence, i + 2);
    }
    assert_int_equal(sequence_follow(1, 0, SEQUENCE_CLAIM_MAX + 1, true), 2);
}

static void sequences_stop_at_the_largest_signed_number(void **state) {
    (void)state;
    assert_int_equal(sequence_follow(INT64_MAX, 0, 0, false), INT64_MAX);
    assert_int_equal(sequence_follow(5, UINT64_MAX, 0, false), INT64_MAX);
    assert_int_equal(sequence_follow(UINT64_MAX, UINT64_MAX, UINT64_MAX, true), INT64_MAX);
}

static void sums_stop_at_the_limits(void **state) {
    (void)state;
    assert_int_equal(add_i64(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(add_i64(INT64_MIN, -1), INT64_MIN);
    assert_int_equal(add_i64(2, -3), -1);
    assert_int_equal(subtract_i64(INT64_MIN, 1), INT64_MIN);
    assert_int_equal(subtract_i64(0, INT64_MIN), INT64_MAX);
    assert_int_equal(multiply_i64(INT64_MAX, 2), INT64_MAX);
    assert_int_equal(multiply_i64(INT64_MAX, -2), INT64_MIN);
    assert_int_equal(add_count(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(add_count(1, UINT64_MAX), INT64_MAX);
    assert_int_equal(add_count(1, 2), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_counted_up_to_a_limit),
        cmocka_unit_test(a_count_that_starts_anew_has_no_gap),
        cmocka_unit_test(credible_claims_are_followed),
        cmocka_unit_test(claims_beyond_bounds_only_count_on),
        cmocka_unit_test(sequences_stop_at_the_largest_signed_number),
        cmocka_unit_test(sums_stop_at_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
