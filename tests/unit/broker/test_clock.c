#include "broker/clock.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_real_clock_is_the_systems),
        cmocka_unit_test(a_deadline_that_never_comes_polls_for_ever),
        cmocka_unit_test(a_deadline_that_has_passed_does_not_wait),
        cmocka_unit_test(a_timeout_is_never_shorter_than_the_deadline),
        cmocka_unit_test(a_far_deadline_fits_an_int),
        cmocka_unit_test(times_are_written_with_the_decimals_asked_for),
        cmocka_unit_test(the_ends_of_time_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
