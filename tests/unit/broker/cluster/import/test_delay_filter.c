/* Waits on the way, from two clocks that have nothing in common. */
#include "broker/cluster/import/delay_filter.h"
#include "tests/unit/support.h"

#define MINUTE_NS (60 * NS_PER_S)
#define NOW_NS (1000 * MINUTE_NS)
#define WAY_NS (3 * NS_PER_MS)

static struct delay_filter filter;

static int set_up(void **state) {
    (void)state;
    filter = (struct delay_filter){.minute = 0};
    return 0;
}

/* A message that arrives at now_ns, by a clock of there that is ahead. */
static int64_t arrive(int64_t now_ns, int64_t ahead_ns, int64_t queued_ns) {
    return delay_filter_add(&filter, now_ns - WAY_NS - queued_ns + ahead_ns, now_ns);
}

static void clocks_that_differ_change_nothing(void **state) {
    (void)state;
    static const int64_t ahead_ns[] = {0, 5 * NS_PER_S, -5 * NS_PER_S, 30 * 24 * 3600 * NS_PER_S};
    for (size_t i = 0; i < sizeof ahead_ns / sizeof ahead_ns[0]; i++) {
        set_up(NULL);
        assert_true(delay_filter_base_ns(&filter) == 0);
        assert_true(arrive(NOW_NS, ahead_ns[i], 0) == 0);
        assert_true(delay_filter_base_ns(&filter) == WAY_NS - ahead_ns[i]);
        assert_true(arrive(NOW_NS + NS_PER_S, ahead_ns[i], 80 * NS_PER_MS) == 80 * NS_PER_MS);
        assert_true(arrive(NOW_NS + 2 * NS_PER_S, ahead_ns[i], 0) == 0);
    }
}

static void queue_of_the_first_message_is_found_later(void **state) {
    (void)state;
    assert_true(arrive(NOW_NS, 0, 40 * NS_PER_MS) == 0);
    assert_true(arrive(NOW_NS + 1, 0, 50 * NS_PER_MS) == 10 * NS_PER_MS);
    assert_true(arrive(NOW_NS + 2, 0, 0) == 0);
    assert_true(arrive(NOW_NS + 3, 0, 50 * NS_PER_MS) == 50 * NS_PER_MS);
}

static void old_minimum_is_forgotten(void **state) {
    (void)state;
    arrive(NOW_NS, 0, 0);
    for (int64_t minute = 1; minute < DELAY_FILTER_MINUTES; minute++) {
        assert_true(arrive(NOW_NS + minute * MINUTE_NS, 0, 20 * NS_PER_MS) == 20 * NS_PER_MS);
    }
    assert_true(arrive(NOW_NS + DELAY_FILTER_MINUTES * MINUTE_NS, 0, 20 * NS_PER_MS) == 0); /* the way is longer now */
    assert_true(delay_filter_base_ns(&filter) == WAY_NS + 20 * NS_PER_MS);
}

static void all_is_forgotten_after_a_long_silence(void **state) {
    (void)state;
    arrive(NOW_NS, 0, 0);
    assert_true(arrive(NOW_NS + 100 * MINUTE_NS, -NS_PER_S, 0) == 0);
    assert_true(delay_filter_base_ns(&filter) == WAY_NS + NS_PER_S);
}

static void clock_that_goes_back_keeps_what_is_known(void **state) {
    (void)state;
    arrive(NOW_NS, 0, 0);
    assert_true(arrive(NOW_NS - 2 * MINUTE_NS, 0, NS_PER_MS) == NS_PER_MS);
    assert_true(arrive(NOW_NS + 1, 0, NS_PER_MS) == NS_PER_MS);
}

static void absurd_times_are_bounded(void **state) {
    (void)state;
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        assert_true(delay_filter_add(&filter, times[i], NOW_NS + (int64_t)i) >= 0);
    }
    assert_true(delay_filter_add(&filter, INT64_MIN, NOW_NS) == INT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(clocks_that_differ_change_nothing),
        TEST(queue_of_the_first_message_is_found_later),
        TEST(old_minimum_is_forgotten),
        TEST(all_is_forgotten_after_a_long_silence),
        TEST(clock_that_goes_back_keeps_what_is_known),
        TEST(absurd_times_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
