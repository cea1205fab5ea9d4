#include "broker/recording/record_plan.h"
#include "tests/unit/support.h"

/* Any time of the real clock; the monotonic one is an hour behind. */
#define START_NS (1000000 * NS_PER_S)
#define OFFSET_NS (3600 * NS_PER_S)

static const struct record_settings sparse = {
    .mode = RECORD_SPARSE, .fps = 1, .before_ns = 2 * NS_PER_S, .after_ns = 1 * NS_PER_S};

/* What becomes of a frame of ten a second, once nothing can reach back to it. */
static enum record_choice choose(struct record_plan *plan, const struct record_settings *settings, int64_t number) {
    const struct frame_info info = {.captured_realtime_ns = START_NS + number * 100 * NS_PER_MS,
                                    .captured_monotonic_ns = START_NS - OFFSET_NS + number * 100 * NS_PER_MS};
    return record_plan_choose(plan, settings, &info, info.captured_monotonic_ns + 100 * NS_PER_S, false);
}

static int64_t at(double seconds) { return START_NS + (int64_t)(seconds * (double)NS_PER_S); }

static void always_waits_for_nothing(void **state) {
    (void)state;
    struct record_plan plan = {0};
    const struct record_settings settings = {.mode = RECORD_ALWAYS, .before_ns = NS_PER_S};
    const struct frame_info info = {.captured_realtime_ns = 1, .captured_monotonic_ns = 1};
    assert_int_equal(record_plan_choose(&plan, &settings, &info, 1, false), RECORD_FULLY);
}

static void frames_wait_as_long_as_an_event_can_reach_back(void **state) {
    (void)state;
    struct record_plan plan = {0};
    const struct frame_info info = {.captured_realtime_ns = START_NS, .captured_monotonic_ns = START_NS};
    const int64_t later_ns = START_NS + sparse.before_ns + RECORD_EVENT_LAG_NS;
    assert_int_equal(record_plan_choose(&plan, &sparse, &info, later_ns - 1, false), RECORD_WAIT);
    assert_int_equal(record_plan_choose(&plan, &sparse, &info, later_ns, false), RECORD_SPARSELY);
    plan = (struct record_plan){0};
    assert_int_equal(record_plan_choose(&plan, &sparse, &info, START_NS, true), RECORD_SPARSELY);
}

static void frames_do_not_wait_where_no_event_can_happen(void **state) {
    (void)state;
    struct record_plan plan = {0};
    struct record_settings settings = sparse;
    settings.has_no_events = true;
    const struct frame_info info = {.captured_realtime_ns = START_NS, .captured_monotonic_ns = START_NS};
    assert_int_equal(record_plan_choose(&plan, &settings, &info, START_NS, false), RECORD_SPARSELY);
    settings.mode = RECORD_EVENTS;
    assert_int_equal(record_plan_choose(&plan, &settings, &info, START_NS, false), RECORD_SKIP);
}

static void sparse_keeps_its_rate(void **state) {
    (void)state;
    struct record_plan plan = {0};
    for (int64_t i = 0; i < 100; i++) {
        assert_int_equal(choose(&plan, &sparse, i), i % 10 == 0 ? RECORD_SPARSELY : RECORD_SKIP);
    }
}

static void changes_are_exact_to_the_frame(void **state) {
    (void)state;
    struct record_plan plan = {0};
    /* From 5.0 s to 7.0 s: in full from 3.0 s to 8.0 s. */
    record_plan_event(&plan, &sparse, 1, at(5), 0);
    assert_true(record_plan_is_full(&plan, &sparse));
    record_plan_event(&plan, &sparse, 1, at(5), at(7));
    for (int64_t i = 0; i < 120; i++) {
        const enum record_choice expected = i >= 30 && i <= 80 ? RECORD_FULLY : RECORD_SKIP;
        const enum record_choice choice = choose(&plan, &sparse, i);
        assert_int_equal(choice == RECORD_SPARSELY ? RECORD_SKIP : choice, expected);
    }
    assert_false(record_plan_is_full(&plan, &sparse));
}

static void event_that_lasts_has_no_end(void **state) {
    (void)state;
    struct record_plan plan = {0};
    struct record_settings settings = sparse;
    settings.mode = RECORD_EVENTS;
    assert_int_equal(choose(&plan, &settings, 0), RECORD_SKIP);
    record_plan_event(&plan, &settings, 1, at(5), 0);
    assert_int_equal(choose(&plan, &settings, 29), RECORD_SKIP);
    assert_int_equal(choose(&plan, &settings, 30), RECORD_FULLY);
    assert_int_equal(choose(&plan, &settings, 100000), RECORD_FULLY);
}

static void events_overlap(void **state) {
    (void)state;
    struct record_plan plan = {0};
    for (uint64_t i = 1; i <= 3 * RECORD_EVENTS_MAX; i++) { /* one a second, and more than there is room for */
        record_plan_event(&plan, &sparse, i, at((double)i), at((double)i + 0.5));
    }
    record_plan_event(&plan, &sparse, 1000, at(50), 0);
    assert_int_equal(choose(&plan, &sparse, 20), RECORD_FULLY);
    assert_int_equal(choose(&plan, &sparse, 20000), RECORD_FULLY);
}

static void step_of_the_clock_moves_events_with_it(void **state) {
    (void)state;
    struct record_plan plan = {0};
    record_plan_event(&plan, &sparse, 1, at(5), at(7));
    assert_int_equal(choose(&plan, &sparse, 40), RECORD_FULLY);
    struct frame_info info = {.captured_realtime_ns = at(7.5) - 3600 * NS_PER_S,
                              .captured_monotonic_ns = at(7.5) - OFFSET_NS};
    const int64_t later_ns = info.captured_monotonic_ns + 100 * NS_PER_S;
    assert_int_equal(record_plan_choose(&plan, &sparse, &info, later_ns, false), RECORD_FULLY);
    info.captured_realtime_ns += NS_PER_S;
    info.captured_monotonic_ns += NS_PER_S;
    assert_int_not_equal(record_plan_choose(&plan, &sparse, &info, later_ns, false), RECORD_FULLY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(always_waits_for_nothing),
        cmocka_unit_test(frames_wait_as_long_as_an_event_can_reach_back),
        cmocka_unit_test(frames_do_not_wait_where_no_event_can_happen),
        cmocka_unit_test(sparse_keeps_its_rate),
        cmocka_unit_test(changes_are_exact_to_the_frame),
        cmocka_unit_test(event_that_lasts_has_no_end),
        cmocka_unit_test(events_overlap),
        cmocka_unit_test(step_of_the_clock_moves_events_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
