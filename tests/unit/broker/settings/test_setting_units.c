#include "broker/settings/setting_units.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sizes_have_decimal_units(void **state) {
    (void)state;
    const struct {
        const char *text;
        double bytes;
    } cases[] = {{"0", 0},          {"4096", 4096},      {"200 GB", 200e9}, {"1.5 TB", 1.5e12},
                 {"10kb", 10000.0}, {"7 Mb", 7000000.0}, {"3 B", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double bytes = -1;
        assert_true(setting_parse_size(cases[i].text, &bytes));
        assert_true(bytes == cases[i].bytes);
    }
}

static void times_have_units_up_to_days(void **state) {
    (void)state;
    const struct {
        const char *text;
        double seconds;
    } cases[] = {{"12", 12}, {"90 s", 90}, {"5min", 300}, {"1.5 h", 5400}, {"30 d", 2592000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double seconds = -1;
        assert_true(setting_parse_time(cases[i].text, &seconds));
        assert_true(seconds == cases[i].seconds);
    }
}

static void what_is_no_measure_is_refused(void **state) {
    (void)state;
    const char *const texts[] = {"", "GB", "-1 GB", "1 XB", "1  GB", "1 GB ", "0x10", "1e9", "1. GB", ".5 GB", "nan"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double value;
        assert_false(setting_parse_size(texts[i], &value));
        assert_false(setting_parse_time(texts[i], &value));
    }
    double value;
    assert_false(setting_parse_time("1 D", &value)); /* a month and a minute differ by case elsewhere */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_decimal_units),
        cmocka_unit_test(times_have_units_up_to_days),
        cmocka_unit_test(what_is_no_measure_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
