#include "cameras/motion/sun_times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define AT(hours, minutes) ((hours)*60 + (minutes))
#define TOLERANCE_MINUTES 3

struct place {
    const char *zone;
    double latitude, longitude;
};
static const struct place berlin = {"Europe/Berlin", 52.52, 13.405};
static const struct place quito = {"America/Guayaquil", -0.18, -78.47};
static const struct place sydney = {"Australia/Sydney", -33.87, 151.21};
static const struct place auckland = {"UTC", -36.85, 174.76}; /* the clock of the other side of the world */
static const struct place tromso = {"Europe/Oslo", 69.65, 18.96};

static struct sun_times find(const struct place *place, int month, int day) {
    setenv("TZ", place->zone, 1);
    tzset();
    struct tm local = {.tm_year = 126, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 12, .tm_isdst = -1};
    const time_t seconds = mktime(&local);
    assert_non_null(localtime_r(&seconds, &local));
    return sun_times_find(place->latitude, place->longitude, &local);
}

static void assert_near(unsigned minute, unsigned expected) {
    assert_in_range(minute + TOLERANCE_MINUTES, expected, expected + 2 * TOLERANCE_MINUTES);
}

static void times_are_those_of_almanacs(void **state) {
    (void)state;
    static const struct {
        const struct place *place;
        int month, day;
        unsigned rise, set;
    } days[] = {
        {&berlin, 6, 21, AT(4, 43), AT(21, 33)},   {&berlin, 12, 21, AT(8, 15), AT(15, 54)},
        {&berlin, 3, 20, AT(6, 9), AT(18, 18)},    {&quito, 6, 21, AT(6, 12), AT(18, 19)},
        {&sydney, 12, 21, AT(5, 41), AT(20, 5)},   {&sydney, 6, 21, AT(7, 0), AT(16, 54)},
        {&auckland, 6, 21, AT(19, 34), AT(5, 12)},
    };
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        const struct sun_times sun = find(days[i].place, days[i].month, days[i].day);
        assert_near(sun.rise_minute, days[i].rise);
        assert_near(sun.set_minute, days[i].set);
    }
}

static void where_the_sun_does_not_rise_or_set_a_minute_is_left(void **state) {
    (void)state;
    const struct sun_times summer = find(&tromso, 6, 21), winter = find(&tromso, 12, 21);
    assert_int_equal(summer.rise_minute, summer.set_minute + 1);
    assert_near(summer.rise_minute, AT(0, 46));
    assert_int_equal(winter.rise_minute, winter.set_minute - 1);
    assert_near(winter.rise_minute, AT(11, 42));
}

static void every_place_and_day_has_times(void **state) {
    (void)state;
    for (int latitude = -90; latitude <= 90; latitude += 15) {
        for (int longitude = -180; longitude <= 180; longitude += 60) {
            for (int month = 1; month <= 12; month++) {
                const struct place place = {"Pacific/Kiritimati", latitude, longitude};
                const struct sun_times sun = find(&place, month, 1);
                assert_in_range(sun.rise_minute, 0, 24 * 60 - 1);
                assert_in_range(sun.set_minute, 0, 24 * 60 - 1);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_those_of_almanacs),
        cmocka_unit_test(where_the_sun_does_not_rise_or_set_a_minute_is_left),
        cmocka_unit_test(every_place_and_day_has_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
