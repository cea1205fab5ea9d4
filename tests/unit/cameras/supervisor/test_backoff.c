#include "cameras/supervisor/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t first_ns = 250;
static const int64_t most_ns = 5000;

static void wait_doubles_up_to_the_limit_within_a_fifth(void **state) {
    (void)state;
    static const int64_t expected_ns[] = {250, 500, 1000, 2000, 4000, 5000, 5000, 5000};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, first_ns, most_ns, seed);
        for (size_t i = 0; i < sizeof expected_ns / sizeof expected_ns[0]; i++) {
            int64_t wait_ns = backoff_next(&backoff);
            assert_in_range(wait_ns, expected_ns[i] * 8 / 10, expected_ns[i] * 12 / 10);
        }
    }
}

static void reset_starts_over(void **state) {
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, first_ns, most_ns, 1);
    for (int i = 0; i < 6; i++) {
        assert_true(backoff_next(&backoff) > 0);
    }
    backoff_reset(&backoff);
    assert_in_range(backoff_next(&backoff), first_ns * 8 / 10, first_ns * 12 / 10);
}

static void jitter_uses_the_whole_range(void **state) {
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 1000, 1000, 7);
    int64_t least_ns = INT64_MAX;
    int64_t greatest_ns = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t wait_ns = backoff_next(&backoff);
        least_ns = wait_ns < least_ns ? wait_ns : least_ns;
        greatest_ns = wait_ns > greatest_ns ? wait_ns : greatest_ns;
    }
    assert_in_range(least_ns, 800, 820);
    assert_in_range(greatest_ns, 1180, 1200);
}

static void users_with_different_seeds_wait_differently(void **state) {
    (void)state;
    struct backoff one;
    struct backoff other;
    backoff_init(&one, 1000000, 1000000, 1);
    backoff_init(&other, 1000000, 1000000, 2);
    assert_int_not_equal(backoff_next(&one), backoff_next(&other));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_doubles_up_to_the_limit_within_a_fifth),
        cmocka_unit_test(reset_starts_over),
        cmocka_unit_test(jitter_uses_the_whole_range),
        cmocka_unit_test(users_with_different_seeds_wait_differently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
