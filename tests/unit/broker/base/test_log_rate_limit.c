#include "broker/base/log_rate_limit.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define START_NS (1000 * NS_PER_S)
#define MINUTE_NS (60 * NS_PER_S)
#define UNTOUCHED 77

static struct log_rate_limits rate_limits;

static int set_up(void **state) {
    (void)state;
    rate_limits = (struct log_rate_limits){0};
    return 0;
}

/* Asserts whether it is admitted, and returns how many were suppressed; UNTOUCHED if it is not. */
static uint64_t assert_admits(bool expected, uint64_t key, int64_t now_ns) {
    uint64_t suppressed = UNTOUCHED;
    assert_int_equal(log_rate_limit_admit(&rate_limits, key, now_ns, &suppressed), expected);
    return suppressed;
}

static void the_first_is_admitted_and_the_next_a_minute_later(void **state) {
    (void)state;
    uint64_t key = log_rate_limit_key("door", "offline");
    assert_int_equal(assert_admits(true, key, START_NS), 0);
    assert_admits(false, key, START_NS);
    assert_admits(false, key, START_NS + MINUTE_NS - 1);
    assert_int_equal(assert_admits(true, key, START_NS + MINUTE_NS), 2);
    assert_admits(false, key, START_NS + MINUTE_NS + 1);
    assert_int_equal(assert_admits(true, key, START_NS + 3 * MINUTE_NS), 1);
}

static void kinds_and_subjects_do_not_suppress_each_other(void **state) {
    (void)state;
    assert_admits(true, log_rate_limit_key("door", "offline"), START_NS);
    assert_admits(true, log_rate_limit_key("door", "broken frame"), START_NS);
    assert_admits(true, log_rate_limit_key("yard", "offline"), START_NS);
    assert_admits(true, log_rate_limit_key("dooro", "ffline"), START_NS);
    assert_admits(false, log_rate_limit_key("door", "offline"), START_NS);
}

/* A thousand cameras that fail all the time. */
static void a_thousand_subjects_are_remembered(void **state) {
    (void)state;
    char subject[16];
    unsigned again = 0;
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 1000; i++) {
            uint64_t suppressed;
            snprintf(subject, sizeof subject, "camera-%u", i);
            again += log_rate_limit_admit(&rate_limits, log_rate_limit_key(subject, "offline"), START_NS + round,
                                          &suppressed);
        }
    }
    assert_in_range(again, 1000, 1010); /* where too many meet in one place, one is forgotten */
}

/* The newest is never forgotten. */
static void in_a_full_table_the_oldest_is_forgotten(void **state) {
    (void)state;
    char kind[16];
    for (unsigned i = 0; i < 4 * LOG_RATE_LIMITS_MAX; i++) {
        snprintf(kind, sizeof kind, "%u", i);
        uint64_t key = log_rate_limit_key("door", kind);
        assert_int_equal(assert_admits(true, key, START_NS + i), 0);
        assert_admits(false, key, START_NS + i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_is_admitted_and_the_next_a_minute_later, set_up),
        cmocka_unit_test_setup(kinds_and_subjects_do_not_suppress_each_other, set_up),
        cmocka_unit_test_setup(a_thousand_subjects_are_remembered, set_up),
        cmocka_unit_test_setup(in_a_full_table_the_oldest_is_forgotten, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
