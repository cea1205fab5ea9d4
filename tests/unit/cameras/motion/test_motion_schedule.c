#include "broker/base/clock.h"
#include "cameras/motion/motion_schedule.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SUNDAY = 1, MONDAY = 2, FRIDAY = 32, SATURDAY = 64, EVERY_DAY = 127, MON_FRI = 62 };
#define AT(hours, minutes) ((hours)*60 + (minutes))

static struct motion_settings settings;

static int setup(void **state) {
    (void)state;
    motion_settings_init(&settings);
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    return 0;
}

static void set_windows(const struct motion_window *windows, size_t count) {
    settings.active = windows;
    settings.active_count = count;
}

/* "2026-06-01 12:00" in UTC. */
static bool is_active(const char *utc) {
    struct tm tm = {0};
    assert_int_equal(sscanf(utc, "%d-%d-%d %d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min), 5);
    char *zone = strdup(getenv("TZ"));
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    setenv("TZ", "UTC", 1);
    tzset();
    const time_t seconds = mktime(&tm);
    setenv("TZ", zone, 1);
    tzset();
    free(zone);
    return motion_schedule_is_active(&settings, (int64_t)seconds * NS_PER_S);
}

static void without_windows_it_is_always_active(void **state) {
    (void)state;
    assert_true(is_active("2026-06-01 03:00"));
}

/* Monday, 2026-06-01: Berlin is two hours ahead. */
static void hours_are_local_time(void **state) {
    (void)state;
    const struct motion_window windows[] = {{.days = EVERY_DAY, .from_minute = AT(8, 0), .to_minute = AT(17, 30)}};
    set_windows(windows, 1);
    assert_false(is_active("2026-06-01 05:59"));
    assert_true(is_active("2026-06-01 06:00"));
    assert_true(is_active("2026-06-01 15:29"));
    assert_false(is_active("2026-06-01 15:30"));
}

static void a_window_over_midnight_belongs_to_the_day_it_begins(void **state) {
    (void)state;
    const struct motion_window windows[] = {{.days = MON_FRI, .from_minute = AT(22, 0), .to_minute = AT(6, 0)}};
    set_windows(windows, 1);
    assert_false(is_active("2026-06-01 02:00")); /* Monday 04:00: Sunday's night is not in it */
    assert_true(is_active("2026-06-01 20:00"));  /* Monday 22:00 */
    assert_true(is_active("2026-06-02 03:59"));  /* Tuesday 05:59 */
    assert_false(is_active("2026-06-02 04:00"));
    assert_true(is_active("2026-06-06 03:00"));  /* Saturday 05:00: Friday's night */
    assert_false(is_active("2026-06-06 21:00")); /* Saturday 23:00 */
}

static void several_windows_add_up(void **state) {
    (void)state;
    const struct motion_window windows[] = {
        {.days = SATURDAY | SUNDAY, .from_minute = 0, .to_minute = MOTION_DAY_MINUTES},
        {.days = MON_FRI, .from_minute = AT(12, 0), .to_minute = AT(13, 0)},
    };
    set_windows(windows, 2);
    assert_true(is_active("2026-06-06 12:00"));
    assert_true(is_active("2026-06-06 21:59")); /* Saturday 23:59 */
    assert_true(is_active("2026-06-01 10:30"));
    assert_false(is_active("2026-06-01 12:00"));
}

static void the_same_time_of_day_is_a_whole_day(void **state) {
    (void)state;
    const struct motion_window windows[] = {{.days = MONDAY, .from_minute = AT(18, 0), .to_minute = AT(18, 0)}};
    set_windows(windows, 1);
    assert_false(is_active("2026-06-01 15:59"));
    assert_true(is_active("2026-06-01 16:00"));
    assert_true(is_active("2026-06-02 15:59"));
    assert_false(is_active("2026-06-02 16:00"));
}

/* On 2026-03-29 clocks go from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00; both are Sundays. */
static void it_follows_daylight_saving_time(void **state) {
    (void)state;
    const struct motion_window windows[] = {{.days = SUNDAY, .from_minute = AT(1, 30), .to_minute = AT(2, 30)}};
    set_windows(windows, 1);
    assert_false(is_active("2026-03-29 00:29"));
    assert_true(is_active("2026-03-29 00:30"));  /* 01:30 */
    assert_true(is_active("2026-03-29 00:59"));  /* 01:59 */
    assert_false(is_active("2026-03-29 01:00")); /* 03:00 */
    assert_true(is_active("2026-10-25 00:15"));  /* 02:15, the first time */
    assert_false(is_active("2026-10-25 00:45")); /* 02:45 */
    assert_true(is_active("2026-10-25 01:15"));  /* 02:15 again */
    assert_false(is_active("2026-10-25 01:30"));
}

/* Berlin: on 2026-06-01 the sun sets at 21:18 and rises at 04:49, on 2026-12-01 at 15:55 and 07:54. */
static void it_follows_the_sun(void **state) {
    (void)state;
    const struct motion_window windows[] = {
        {.days = MON_FRI, .from_minute = MOTION_SUNSET, .to_minute = MOTION_SUNRISE},
        {.days = SUNDAY, .from_minute = AT(12, 0), .to_minute = MOTION_SUNSET}};
    settings.latitude = 52.52;
    settings.longitude = 13.405;
    set_windows(windows, 2);
    assert_false(is_active("2026-06-01 19:14")); /* 21:14 */
    assert_true(is_active("2026-06-01 19:22"));
    assert_true(is_active("2026-06-02 02:45"));
    assert_false(is_active("2026-06-02 02:53"));
    assert_false(is_active("2026-12-01 14:50")); /* 15:50 */
    assert_true(is_active("2026-12-01 15:00"));
    assert_true(is_active("2026-12-02 06:50"));
    assert_false(is_active("2026-12-02 07:00"));
    assert_true(is_active("2026-06-06 02:30"));  /* Friday's night */
    assert_false(is_active("2026-06-07 02:30")); /* Saturday has none */
    assert_true(is_active("2026-06-07 19:00"));
    assert_false(is_active("2026-06-07 19:40"));
}

static unsigned active_minutes(const char *day, unsigned from_minute, unsigned to_minute) {
    const struct motion_window window = {.days = EVERY_DAY, .from_minute = from_minute, .to_minute = to_minute};
    unsigned minutes = 0;
    set_windows(&window, 1);
    for (unsigned minute = 0; minute < 24 * 60; minute += 5) {
        char text[sizeof "2026-06-01 12:00"];
        snprintf(text, sizeof text, "%s %02u:%02u", day, minute / 60, minute % 60);
        minutes += is_active(text) ? 5 : 0;
    }
    return minutes;
}

static void assert_minutes(unsigned minutes, unsigned expected) {
    assert_in_range(minutes + 10, expected, expected + 20);
}

/* Berlin: the sun rises between 04:43 and 08:17, and sets between 15:53 and 21:33. */
static void hours_that_the_sun_ends_before_they_begin_are_empty(void **state) {
    (void)state;
    const char *const june = "2026-06-21", *const december = "2026-12-21";
    settings.latitude = 52.52;
    settings.longitude = 13.405;
    assert_int_equal(active_minutes(june, AT(6, 0), MOTION_SUNRISE), 0);
    assert_minutes(active_minutes(december, AT(6, 0), MOTION_SUNRISE), AT(2, 15));
    assert_int_equal(active_minutes(june, MOTION_SUNSET, AT(21, 0)), 0);
    assert_minutes(active_minutes(december, MOTION_SUNSET, AT(21, 0)), AT(5, 7));
    assert_int_equal(active_minutes(december, MOTION_SUNRISE, AT(8, 0)), 0);
    assert_minutes(active_minutes(june, MOTION_SUNRISE, AT(8, 0)), AT(3, 17));
    assert_int_equal(active_minutes(december, AT(18, 0), MOTION_SUNSET), 0);
    assert_minutes(active_minutes(june, AT(18, 0), MOTION_SUNSET), AT(3, 33));
    assert_minutes(active_minutes(december, MOTION_SUNSET, AT(8, 0)), AT(16, 6)); /* over midnight */
    assert_minutes(active_minutes(june, AT(22, 0), MOTION_SUNRISE), AT(6, 43));
    assert_minutes(active_minutes(june, MOTION_SUNRISE, AT(1, 0)), AT(20, 17));
    assert_minutes(active_minutes(june, AT(23, 0), MOTION_SUNSET), AT(22, 33));
    assert_minutes(active_minutes(june, MOTION_SUNSET, MOTION_SUNRISE), AT(7, 10));
}

/* A container's clock is that of Greenwich; in San Francisco it is midnight at 08:00, and noon at 20:00. */
static void clock_may_be_that_of_another_place(void **state) {
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    settings.latitude = 37.77;
    settings.longitude = -122.42;
    assert_minutes(active_minutes("2026-06-21", MOTION_SUNSET, MOTION_SUNRISE), AT(9, 13));
    assert_minutes(active_minutes("2026-12-21", MOTION_SUNRISE, MOTION_SUNSET), AT(9, 33));
    assert_int_equal(active_minutes("2026-06-21", MOTION_SUNSET, AT(2, 0)), 0); /* 18:00 */
    assert_minutes(active_minutes("2026-12-21", MOTION_SUNSET, AT(2, 0)), AT(1, 5));
    assert_minutes(active_minutes("2026-06-21", AT(4, 0), MOTION_SUNRISE), AT(8, 48)); /* from 21:00 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_windows_it_is_always_active, setup),
        cmocka_unit_test_setup(hours_are_local_time, setup),
        cmocka_unit_test_setup(a_window_over_midnight_belongs_to_the_day_it_begins, setup),
        cmocka_unit_test_setup(several_windows_add_up, setup),
        cmocka_unit_test_setup(the_same_time_of_day_is_a_whole_day, setup),
        cmocka_unit_test_setup(it_follows_daylight_saving_time, setup),
        cmocka_unit_test_setup(it_follows_the_sun, setup),
        cmocka_unit_test_setup(hours_that_the_sun_ends_before_they_begin_are_empty, setup),
        cmocka_unit_test_setup(clock_may_be_that_of_another_place, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
