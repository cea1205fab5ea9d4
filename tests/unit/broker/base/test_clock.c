#include "broker/base/clock.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void the_monotonic_clock_never_goes_back(void **state) {
    (void)state;
    int64_t before_ns = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t now_ns = clock_monotonic_ns();
        assert_true(now_ns > 0 && now_ns >= before_ns);
        before_ns = now_ns;
    }
}

static void the_real_clock_is_the_systems(void **state) {
    (void)state;
    int64_t before_s = (int64_t)time(NULL);
    int64_t now_s = clock_realtime_ns() / NS_PER_S;
    assert_in_range(now_s - before_s + 1, 0, 3); /* time() may lag by a tick of the kernel */
}

static void a_deadline_that_never_comes_polls_for_ever(void **state) {
    (void)state;
    assert_int_equal(clock_poll_timeout_ms(CLOCK_NEVER), -1);
}

static void a_deadline_that_has_passed_does_not_wait(void **state) {
    (void)state;
    assert_int_equal(clock_poll_timeout_ms(0), 0);
    assert_int_equal(clock_poll_timeout_ms(clock_monotonic_ns()), 0);
}

static void a_timeout_is_never_shorter_than_the_deadline(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t deadline_ns = clock_monotonic_ns() + NS_PER_S + i * NS_PER_US;
        int64_t timeout_ns = clock_poll_timeout_ms(deadline_ns) * NS_PER_MS;
        assert_true(clock_monotonic_ns() + timeout_ns >= deadline_ns);
        assert_true(timeout_ns <= NS_PER_S + 2 * NS_PER_MS);
    }
}

static void a_far_deadline_fits_an_int(void **state) {
    (void)state;
    assert_int_equal(clock_poll_timeout_ms(CLOCK_NEVER - 1), INT_MAX);
}

static void times_are_written_with_the_decimals_asked_for(void **state) {
    (void)state;
    int64_t time_ns = INT64_C(1767225612) * NS_PER_S + 45678901;
    char text[CLOCK_TEXT_BYTES];
    clock_format_utc(time_ns, 0, text);
    assert_string_equal(text, "2026-01-01T00:00:12Z");
    clock_format_utc(time_ns, 3, text);
    assert_string_equal(text, "2026-01-01T00:00:12.045Z");
    clock_format_utc(time_ns, 6, text);
    assert_string_equal(text, "2026-01-01T00:00:12.045678Z");
}

static void the_ends_of_time_can_be_written(void **state) {
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    clock_format_utc(0, 6, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    clock_format_utc(INT64_MAX, 6, text);
    assert_string_equal(text, "2262-04-11T23:47:16.854775Z");
}

static void times_from_outside_are_scaled(void **state) {
    (void)state;
    assert_int_equal(clock_scale_ns(-3, 1, 1), -3 * NS_PER_S);
    assert_int_equal(clock_scale_ns(90001, 1, 90000), 1000011111);
    assert_int_equal(clock_scale_ns(2, 1001, 30000), 66733333);
}

static void times_from_outside_saturate(void **state) {
    (void)state;
    const int units[][2] = {{1, 1}, {INT_MAX, 1}, {1, 1000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        assert_int_equal(clock_scale_ns(INT64_MAX, units[i][0], units[i][1]), INT64_MAX);
        assert_int_equal(clock_scale_ns(INT64_MIN, units[i][0], units[i][1]), -INT64_MAX);
    }
    assert_int_equal(clock_scale_ns(9223372036, 1, 1), INT64_C(9223372036) * NS_PER_S);
    assert_int_equal(clock_scale_ns(9223372037, 1, 1), INT64_MAX);
    assert_int_equal(clock_scale_ns(INT64_MAX, 1, 1000000000), INT64_MAX);
}

static void times_are_read_in_every_spelling(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"1767225612", 1767225612 * NS_PER_S},
        {"1767225612.25", 1767225612 * NS_PER_S + NS_PER_S / 4},
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-01T00:00:12Z", 1767225612 * NS_PER_S},
        {"2026-01-01t00:00:12.345678z", 1767225612 * NS_PER_S + 345678000},
        {"2026-01-01 00:00:12", 1767225612 * NS_PER_S},
        {"2026-01-01T01:00:12.5+01:00", 1767225612 * NS_PER_S + NS_PER_S / 2},
        {"2026-01-01T01:00:12 01:00", 1767225612 * NS_PER_S},
        {"2025-12-31T22:30:12-01:30", 1767225612 * NS_PER_S},
        {"2026-01-01T00:00", 1767225600 * NS_PER_S},
        {"2024-02-29T00:00:00.1234567891234Z", 1709164800 * NS_PER_S + 123456789},
        {"2016-12-31T23:59:60Z", 1483228800 * NS_PER_S},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = -1;
        assert_int_equal(clock_parse_time(cases[i].text, &ns), ERR_OK);
        if (ns != cases[i].ns) {
            fail_msg("%s: %lld", cases[i].text, (long long)ns);
        }
    }
}

static void what_is_no_time_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "now",
        "-1",
        "1e9",
        "1.",
        ".5",
        "9223372037",
        "99999999999999999999",
        "2026-01-01",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+1",
        "2026-01-01T00:00:00Zx",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "2262-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns = 42;
        if (clock_parse_time(texts[i], &ns) != ERR_INVALID || ns != 42) {
            fail_msg("%s: %lld", texts[i], (long long)ns);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_real_clock_is_the_systems),
        cmocka_unit_test(a_deadline_that_never_comes_polls_for_ever),
        cmocka_unit_test(a_deadline_that_has_passed_does_not_wait),
        cmocka_unit_test(a_timeout_is_never_shorter_than_the_deadline),
        cmocka_unit_test(a_far_deadline_fits_an_int),
        cmocka_unit_test(times_from_outside_are_scaled),
        cmocka_unit_test(times_from_outside_saturate),
        cmocka_unit_test(times_are_written_with_the_decimals_asked_for),
        cmocka_unit_test(the_ends_of_time_can_be_written),
        cmocka_unit_test(times_are_read_in_every_spelling),
        cmocka_unit_test(what_is_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
