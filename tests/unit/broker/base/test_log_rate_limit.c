#include "broker/recurrence.h"

#include "broker/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define START_NS (1000 * NS_PER_S)
#define MINUTE_NS (60 * NS_PER_S)
#define UNTOUCHED 77

static struct recurrences recurrences;

static int set_up(void **state) {
    (void)state;
    recurrences = (struct recurrences){0};
    return 0;
}

/* Asserts whether it is admitted, and returns how many were held back; UNTOUCHED if it is not. */
static uint64_t assert_admits(bool expected, uint64_t key, int64_t now_ns) {
    uint64_t held_back = UNTOUCHED;
    assert_int_equal(recurrence_admit(&recurrences, key, now_ns, &held_back), expected);
    return held_back;
}

static void the_first_is_admitted_and_the_next_a_minute_later(void **state) {
    (void)state;
    uint64_t key = recurrence_key("door", "offline");
    assert_int_equal(assert_admits(true, key, START_NS), 0);
    assert_admits(false, key, START_NS);
    assert_admits(false, key, START_NS + MINUTE_NS - 1);
    assert_int_equal(assert_admits(true, key, START_NS + MINUTE_NS), 2);
    assert_admits(false, key, START_NS + MINUTE_NS + 1);
    assert_int_equal(assert_admits(true, key, START_NS + 3 * MINUTE_NS), 1);
}

static void kinds_and_subjects_do_not_hold_each_other_back(void **state) {
    (void)state;
    assert_admits(true, recurrence_key("door", "offline"), START_NS);
    assert_admits(true, recurrence_key("door", "broken frame"), START_NS);
    assert_admits(true, recurrence_key("yard", "offline"), START_NS);
    assert_admits(true, recurrence_key("dooro", "ffline"), START_NS);
    assert_admits(false, recurrence_key("door", "offline"), START_NS);
}

/* A thousand cameras that fail all the time. */
static void a_thousand_subjects_are_remembered(void **state) {
    (void)state;
    char subject[16];
    unsigned again = 0;
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 1000; i++) {
            uint64_t held_back;
            snprintf(subject, sizeof subject, "camera-%u", i);
            again += recurrence_admit(&recurrences, recurrence_key(subject, "offline"), START_NS + round, &held_back);
        }
    }
    assert_in_range(again, 1000, 1010); /* where too many meet in one place, one is forgotten */
}

/* Whatever comes, what was spoken of last is not forgotten for it. */
static void without_room_the_oldest_is_forgotten(void **state) {
    (void)state;
    char kind[16];
    for (unsigned i = 0; i < 4 * RECURRENCES_MAX; i++) {
        snprintf(kind, sizeof kind, "%u", i);
        uint64_t key = recurrence_key("door", kind);
        assert_int_equal(assert_admits(true, key, START_NS + i), 0);
        assert_admits(false, key, START_NS + i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_is_admitted_and_the_next_a_minute_later, set_up),
        cmocka_unit_test_setup(kinds_and_subjects_do_not_hold_each_other_back, set_up),
        cmocka_unit_test_setup(a_thousand_subjects_are_remembered, set_up),
        cmocka_unit_test_setup(without_room_the_oldest_is_forgotten, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
