#include "broker/base/rate_limiter.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START_NS (100 * NS_PER_S)
#define FRAMES 3000

static struct rate_limiter rate_limiter_of(double fps) {
    return (struct rate_limiter){.interval_ns = (int64_t)((double)NS_PER_S / fps)};
}

/* Capture times of a camera at `hz`: each off by up to `jitter_ns` to either side, the same in every run. */
static int64_t captured_at(int i, double hz, int64_t jitter_ns) {
    int64_t pseudo_random = (i * INT64_C(7919) + i * i % 104729) % 2001 - 1000;
    return START_NS + (int64_t)(i * 1e9 / hz) + jitter_ns * pseudo_random / 1000;
}

struct outcome {
    int admitted;
    int shortest, longest; /* distance from one admitted frame to the next, in frames */
    uint64_t missed;
};

static struct outcome thin(double from_hz, double to_fps, int64_t jitter_ns) {
    struct rate_limiter limiter = rate_limiter_of(to_fps);
    struct outcome outcome = {.shortest = FRAMES};
    int last = -1;
    for (int i = 0; i < FRAMES; i++) {
        uint64_t missed = 99;
        if (rate_limiter_admits(&limiter, captured_at(i, from_hz, jitter_ns), &missed)) {
            int distance = i - last;
            if (last >= 0) {
                outcome.shortest = distance < outcome.shortest ? distance : outcome.shortest;
                outcome.longest = distance > outcome.longest ? distance : outcome.longest;
            }
            last = i;
            outcome.admitted++;
        }
        outcome.missed += missed;
    }
    return outcome;
}

static void assert_thinned(double from_hz, double to_fps, int64_t jitter_ns, int shortest, int longest) {
    struct outcome outcome = thin(from_hz, to_fps, jitter_ns);
    int expected = (int)(FRAMES * to_fps / from_hz);
    assert_in_range(outcome.admitted, expected - 1, expected + 1);
    assert_in_range(outcome.shortest, shortest, longest);
    assert_in_range(outcome.longest, shortest, longest);
    assert_int_equal(outcome.missed, 0);
}

static void every_third_frame_is_evenly_ten_of_thirty(void **state) {
    (void)state;
    assert_thinned(30, 10, 0, 3, 3);
}

static void other_ratios_are_as_even_as_they_can_be(void **state) {
    (void)state;
    assert_thinned(30, 20, 0, 1, 2);
    assert_thinned(25, 7, 0, 3, 4);
    assert_thinned(30, 29, 0, 1, 2);
    assert_thinned(30, 0.1, 0, 300, 300);
    assert_thinned(29.97, 5, 0, 5, 6);
}

static void the_frame_nearest_to_each_due_time_goes_through(void **state) {
    (void)state;
    /* Due every 3.57 frames. */
    static const int nearest[] = {0, 4, 7, 11, 14, 18, 21, 25};
    struct rate_limiter limiter = rate_limiter_of(7);
    size_t next = 0;
    for (int i = 0; i <= 25; i++) {
        uint64_t missed;
        if (rate_limiter_admits(&limiter, captured_at(i, 25, 0), &missed)) {
            assert_int_equal(i, nearest[next]);
            next++;
        }
    }
    assert_int_equal(next, sizeof nearest / sizeof nearest[0]);
}

static void jitter_changes_neither_the_mean_nor_the_evenness_much(void **state) {
    (void)state;
    assert_thinned(30, 10, 5 * NS_PER_MS, 3, 3);
    assert_thinned(30, 20, 5 * NS_PER_MS, 1, 2);
    assert_thinned(25, 7, 8 * NS_PER_MS, 3, 4);
    assert_thinned(30, 10, 15 * NS_PER_MS, 2, 4);
}

static void a_request_above_the_cameras_rate_lets_everything_through(void **state) {
    (void)state;
    assert_int_equal(thin(30, 30, 0).admitted, FRAMES);
    assert_int_equal(thin(30, 30, 5 * NS_PER_MS).admitted, FRAMES);
    assert_int_equal(thin(10, 30, 0).admitted, FRAMES);
    assert_int_equal(thin(1, 1000, 0).admitted, FRAMES);
}

static void no_request_lets_everything_through(void **state) {
    (void)state;
    struct rate_limiter limiter = {0};
    uint64_t missed = 99;
    for (int i = 0; i < 10; i++) {
        assert_true(rate_limiter_admits(&limiter, START_NS, &missed));
        assert_int_equal(missed, 0);
    }
}

static void the_first_frame_goes_through(void **state) {
    (void)state;
    struct rate_limiter limiter = rate_limiter_of(0.1);
    uint64_t missed;
    assert_true(rate_limiter_admits(&limiter, START_NS, &missed));
    assert_false(rate_limiter_admits(&limiter, START_NS + NS_PER_S, &missed));
}

static void due_times_without_a_frame_are_counted(void **state) {
    (void)state;
    struct rate_limiter limiter = rate_limiter_of(10);
    uint64_t missed;
    assert_true(rate_limiter_admits(&limiter, START_NS, &missed));
    assert_int_equal(missed, 0);
    /* Due at 100, 200, 300 ms: the last is this one's. */
    assert_true(rate_limiter_admits(&limiter, START_NS + 300 * NS_PER_MS, &missed));
    assert_int_equal(missed, 2);
    assert_true(rate_limiter_admits(&limiter, START_NS + 400 * NS_PER_MS, &missed));
    assert_int_equal(missed, 0);
}

static void a_pause_is_not_made_up_for_by_a_burst(void **state) {
    (void)state;
    struct rate_limiter limiter = rate_limiter_of(10);
    uint64_t missed;
    int admitted = 0;
    assert_true(rate_limiter_admits(&limiter, START_NS, &missed));
    for (int i = 0; i < 30; i++) { /* one second at 30 Hz, after an hour */
        admitted += rate_limiter_admits(&limiter, START_NS + 3600 * NS_PER_S + i * NS_PER_S / 30, &missed);
    }
    assert_in_range(admitted, 10, 11);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_third_frame_is_evenly_ten_of_thirty),
        cmocka_unit_test(other_ratios_are_as_even_as_they_can_be),
        cmocka_unit_test(the_frame_nearest_to_each_due_time_goes_through),
        cmocka_unit_test(jitter_changes_neither_the_mean_nor_the_evenness_much),
        cmocka_unit_test(a_request_above_the_cameras_rate_lets_everything_through),
        cmocka_unit_test(no_request_lets_everything_through),
        cmocka_unit_test(the_first_frame_goes_through),
        cmocka_unit_test(due_times_without_a_frame_are_counted),
        cmocka_unit_test(a_pause_is_not_made_up_for_by_a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
