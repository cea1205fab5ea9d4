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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_windows_it_is_always_active, setup),
        cmocka_unit_test_setup(hours_are_local_time, setup),
        cmocka_unit_test_setup(a_window_over_midnight_belongs_to_the_day_it_begins, setup),
        cmocka_unit_test_setup(several_windows_add_up, setup),
        cmocka_unit_test_setup(the_same_time_of_day_is_a_whole_day, setup),
        cmocka_unit_test_setup(it_follows_daylight_saving_time, setup),
        cmocka_unit_test_setup(it_follows_the_sun, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
