#include "broker/base/rate.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START_NS (1000 * NS_PER_S)

/* `count` events at a steady rate from start_ns; returns the time of the last. */
static int64_t add_steadily(struct rate *rate, int64_t start_ns, int count, double hz) {
    int64_t at_ns = start_ns;
    for (int i = 0; i < count; i++) {
        at_ns = start_ns + (int64_t)(i * 1e9 / hz);
        rate_add(rate, at_ns);
    }
    return at_ns;
}

static void assert_rate(const struct rate *rate, int64_t now_ns, double expected_hz) {
    assert_float_equal(rate_hz(rate, now_ns), expected_hz, expected_hz / 1000);
}

static void there_is_no_rate_before_the_second_event(void **state) {
    (void)state;
    struct rate rate = {0};
    assert_rate(&rate, START_NS, 0);
    rate_add(&rate, START_NS);
    assert_rate(&rate, START_NS, 0);
}

static void steady_events_have_their_rate(void **state) {
    (void)state;
    static const double rates_hz[] = {0.2, 1, 25, 30, 240};
    for (int i = 0; i < 5; i++) {
        struct rate rate = {0};
        assert_rate(&rate, add_steadily(&rate, START_NS, 100, rates_hz[i]), rates_hz[i]);
    }
}

static void two_events_make_a_rate(void **state) {
    (void)state;
    struct rate rate = {0};
    assert_rate(&rate, add_steadily(&rate, START_NS, 2, 10), 10);
}

static void only_the_last_seconds_count(void **state) {
    (void)state;
    struct rate rate = {0};
    int64_t last_ns = add_steadily(&rate, START_NS, 100, 30);
    last_ns = add_steadily(&rate, last_ns + NS_PER_S, 8, 1);
    assert_rate(&rate, last_ns, 1);
}

static void waiting_for_the_next_event_does_not_change_the_rate(void **state) {
    (void)state;
    struct rate rate = {0};
    int64_t last_ns = add_steadily(&rate, START_NS, 100, 1);
    assert_rate(&rate, last_ns + 900 * NS_PER_MS, 1);
}

static void silence_lowers_the_rate_and_then_ends_it(void **state) {
    (void)state;
    struct rate rate = {0};
    int64_t last_ns = add_steadily(&rate, START_NS, 100, 30);
    double after_one_s = rate_hz(&rate, last_ns + NS_PER_S);
    double after_three_s = rate_hz(&rate, last_ns + 3 * NS_PER_S);
    assert_true(after_one_s > 0 && after_one_s < 30);
    assert_true(after_three_s > 0 && after_three_s < after_one_s);
    assert_rate(&rate, last_ns + 5 * NS_PER_S + NS_PER_MS, 0);
}

static void a_short_pause_after_two_events_is_no_stop(void **state) {
    (void)state;
    struct rate rate = {0};
    int64_t last_ns = add_steadily(&rate, START_NS, 2, 30);
    double after_pause = rate_hz(&rate, last_ns + NS_PER_S);
    assert_true(after_pause > 0 && after_pause < 30);
}

static void slow_events_have_stopped_after_two_periods(void **state) {
    (void)state;
    struct rate rate = {0};
    int64_t last_ns = add_steadily(&rate, START_NS, 5, 0.1);
    assert_rate(&rate, last_ns + 19 * NS_PER_S, 0.1);
    assert_rate(&rate, last_ns + 21 * NS_PER_S, 0);
}

static void events_at_one_instant_have_no_rate(void **state) {
    (void)state;
    struct rate rate = {0};
    rate_add(&rate, START_NS);
    rate_add(&rate, START_NS);
    assert_rate(&rate, START_NS, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_rate_before_the_second_event),
        cmocka_unit_test(steady_events_have_their_rate),
        cmocka_unit_test(two_events_make_a_rate),
        cmocka_unit_test(only_the_last_seconds_count),
        cmocka_unit_test(waiting_for_the_next_event_does_not_change_the_rate),
        cmocka_unit_test(silence_lowers_the_rate_and_then_ends_it),
        cmocka_unit_test(a_short_pause_after_two_events_is_no_stop),
        cmocka_unit_test(slow_events_have_stopped_after_two_periods),
        cmocka_unit_test(events_at_one_instant_have_no_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
