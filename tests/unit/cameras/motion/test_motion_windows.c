#include "cameras/motion/motion_windows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MON_TO_FRI 0x3eU
#define WEEKEND 0x41U

static unsigned days(const char *text) {
    unsigned found;
    struct reason reason = {""};
    return motion_days_parse(text, &found, &reason) == ERR_OK ? found : 0;
}

static void days_are_names_and_ranges(void **state) {
    (void)state;
    assert_int_equal(days("sun"), 1);
    assert_int_equal(days("mon-fri"), MON_TO_FRI);
    assert_int_equal(days("sat,sun"), WEEKEND);
    assert_int_equal(days("sat-sun"), WEEKEND);
    assert_int_equal(days("mon-fri,sat-sun"), 0x7f);
    assert_int_equal(days("fri-mon"), 0x63);
}

static void what_names_no_day_is_refused(void **state) {
    (void)state;
    const char *const wrong[] = {"", "monday", "mon-", "-fri", "mon,", ",mon", "mon fri", "Mon", "1-5"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct reason reason = {""};
        unsigned found;
        assert_int_equal(motion_days_parse(wrong[i], &found, &reason), ERR_INVALID);
        assert_non_null(strstr(reason.text, "must name days"));
    }
}

static void times_are_hours_and_minutes(void **state) {
    (void)state;
    unsigned minute;
    struct reason reason = {""};
    assert_int_equal(motion_from_parse("22:05", &minute, &reason), ERR_OK);
    assert_int_equal(minute, 22 * 60 + 5);
    assert_int_equal(motion_to_parse("24:00", &minute, &reason), ERR_OK);
    assert_int_equal(minute, MOTION_DAY_MINUTES);
    const char *const wrong[] = {"", "7:00", "07:60", "25:00", "24:00", "07-00", "07:00:00", "-1:00"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(motion_from_parse(wrong[i], &minute, &reason), ERR_INVALID);
    }
    assert_string_equal(reason.text, "must be a time from \"00:00\" to \"23:59\", or \"sunrise\" or \"sunset\"");
    assert_int_equal(motion_from_parse("sunset", &minute, &reason), ERR_OK);
    assert_int_equal(minute, MOTION_SUNSET);
    assert_int_equal(motion_to_parse("sunrise", &minute, &reason), ERR_OK);
    assert_int_equal(minute, MOTION_SUNRISE);
}

static bool overlap(struct motion_window a, struct motion_window b) {
    const struct motion_window windows[] = {a, b};
    struct reason reason = {""};
    assert_int_equal(motion_window_check(windows, 0, &reason), ERR_OK);
    return motion_window_check(windows, 1, &reason) != ERR_OK;
}

static void windows_that_overlap_are_refused(void **state) {
    (void)state;
    const struct motion_window night = {MON_TO_FRI, 22 * 60, 6 * 60};
    assert_true(overlap(night, (struct motion_window){MON_TO_FRI, 5 * 60, 7 * 60}));
    assert_true(overlap(night, (struct motion_window){0x40, 0, 60})); /* Friday's night is Saturday's morning */
    assert_true(overlap((struct motion_window){0x01, 0, 60}, (struct motion_window){0x40, 23 * 60, 30}));
    assert_true(overlap(night, night));
    assert_false(overlap(night, (struct motion_window){MON_TO_FRI, 6 * 60, 22 * 60}));
    assert_false(overlap(night, (struct motion_window){0x02, 0, 60})); /* Sunday has no night */
    assert_false(overlap(night, (struct motion_window){WEEKEND, 6 * 60, MOTION_DAY_MINUTES}));
}

static void hours_of_the_sun_are_compared_with_each_other(void **state) {
    (void)state;
    const struct motion_window dark = {MON_TO_FRI, MOTION_SUNSET, MOTION_SUNRISE};
    assert_true(overlap(dark, dark));
    assert_true(overlap(dark, (struct motion_window){WEEKEND, 0, MOTION_SUNRISE})); /* Friday's night */
    assert_false(overlap(dark, (struct motion_window){MON_TO_FRI, MOTION_SUNRISE, MOTION_SUNSET}));
    assert_false(overlap(dark, (struct motion_window){MON_TO_FRI, 17 * 60, 19 * 60})); /* not in summer */
    assert_false(overlap((struct motion_window){MON_TO_FRI, 17 * 60, 19 * 60}, dark));
    assert_false(overlap((struct motion_window){WEEKEND, 6 * 60, MOTION_SUNRISE},
                         (struct motion_window){WEEKEND, MOTION_SUNSET, 23 * 60}));
    assert_true(overlap((struct motion_window){WEEKEND, 5 * 60, MOTION_SUNRISE},
                        (struct motion_window){WEEKEND, MOTION_SUNSET, 6 * 60}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_names_and_ranges),
        cmocka_unit_test(what_names_no_day_is_refused),
        cmocka_unit_test(times_are_hours_and_minutes),
        cmocka_unit_test(windows_that_overlap_are_refused),
        cmocka_unit_test(hours_of_the_sun_are_compared_with_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
