#include "tests/unit/broker/worker_fixture.h"

static void slots_take_turns(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 1);
    struct labour busy = {.record = &bench.record, .letter = 'A', .gate = &bench.gate, .started = &bench.started};
    struct labour other = {.record = &bench.record, .letter = 'B'};
    struct labour third = {.record = &bench.record, .letter = 'C'};
    struct job_slot *busy_slot = make_slot(&bench, &busy);
    struct job_slot *other_slot = make_slot(&bench, &other);
    struct job_slot *third_slot = make_slot(&bench, &third);
    submit_and_wait_until_it_runs(&bench, busy_slot, 1);
    submit(&bench, busy_slot, 2);
    submit(&bench, other_slot, 1);
    submit(&bench, third_slot, 1);
    assert_int_equal(worker_pool_usage(bench.workers).threads, 1);
    event_set(&bench.gate);
    wait_for_entries(&bench, 4);
    assert_record(&bench, "A1B1C1A2");
    assert_int_equal(worker_pool_usage(bench.workers).queued, 0);
    job_slot_destroy(&busy_slot);
    job_slot_destroy(&other_slot);
    job_slot_destroy(&third_slot);
    bench_finish(&bench);
}

/* A share that has taken more time than another comes after it, with all its slots. */
static void share_that_used_least_comes_first(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 1);
    struct labour busy = {.record = &bench.record,
                          .letter = 'A',
                          .share = "greedy",
                          .gate = &bench.gate,
                          .started = &bench.started,
                          .burn_ns = 20 * NS_PER_MS};
    struct labour more = {.record = &bench.record, .letter = 'B', .share = "greedy"};
    struct labour modest = {.record = &bench.record, .letter = 'C', .share = "modest", .burn_ns = NS_PER_MS};
    struct job_slot *slots[] = {make_slot(&bench, &busy), make_slot(&bench, &more), make_slot(&bench, &modest),
                                make_slot(&bench, &modest)};
    submit_and_wait_until_it_runs(&bench, slots[0], 1);
    submit(&bench, slots[0], 2);
    for (unsigned i = 1; i < 4; i++) {
        submit(&bench, slots[i], i);
    }
    event_set(&bench.gate);
    wait_for_entries(&bench, 5);
    assert_record(&bench, "A1C2C3B1A2");
    for (unsigned i = 0; i < 4; i++) {
        job_slot_destroy(&slots[i]);
    }
    bench_finish(&bench);
}

/* While another share is active. */
static void long_jobs_leave_a_thread_to_short_ones(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 2);
    event_set(&bench.gate);
    struct labour greedy = {.record = &bench.record,
                            .letter = 'A',
                            .gate = &bench.gate,
                            .started = &bench.started,
                            .burn_ns = 50 * NS_PER_MS};
    struct labour modest = {.record = &bench.record, .letter = 'B'};
    struct job_slot *first = make_slot(&bench, &greedy), *second = make_slot(&bench, &greedy);
    struct job_slot *short_slot = make_slot(&bench, &modest);
    submit(&bench, first, 1); /* now it is known to be long */
    wait_for_entries(&bench, 1);
    event_clear(&bench.gate);
    event_clear(&bench.started);
    submit(&bench, short_slot, 1);
    wait_for_entries(&bench, 2);
    submit_and_wait_until_it_runs(&bench, first, 2);
    submit(&bench, second, 3);
    for (unsigned i = 2; i <= 5; i++) {
        submit(&bench, short_slot, i);
        wait_for_entries(&bench, i + 1);
    }
    assert_int_equal(worker_pool_usage(bench.workers).queued, 1);
    event_set(&bench.gate);
    wait_for_entries(&bench, 8);
    assert_record(&bench, "A1B1B2B3B4B5A2A3");
    job_slot_destroy(&first);
    job_slot_destroy(&second);
    job_slot_destroy(&short_slot);
    bench_finish(&bench);
}

/* Longer than three submissions take on a machine that is busy. */
#define DELAY_NS (500 * NS_PER_MS)

static void delayed_work_lets_other_work_pass(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 1);
    struct labour later = {.record = &bench.record, .letter = 'L'}, now = {.record = &bench.record, .letter = 'N'};
    struct job_slot *delayed = make_slot(&bench, &later), *other = make_slot(&bench, &now);
    job_slot_set_delay(delayed, DELAY_NS);
    const int64_t submitted_ns = clock_monotonic_ns();
    submit(&bench, delayed, 1);
    submit(&bench, other, 1);
    assert_true(submit(&bench, delayed, 2)); /* and is due when the first was */
    wait_for_entries(&bench, 2);
    assert_true(clock_monotonic_ns() >= submitted_ns + DELAY_NS);
    assert_record(&bench, "N1L2");
    job_slot_destroy(&delayed);
    job_slot_destroy(&other);
    bench_finish(&bench);
}

static void delayed_work_finds_the_thread_that_is_free(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 2);
    struct labour later = {.record = &bench.record, .letter = 'L'};
    struct labour busy = {.record = &bench.record, .letter = 'B', .gate = &bench.gate, .started = &bench.started};
    struct job_slot *delayed = make_slot(&bench, &later), *other = make_slot(&bench, &busy);
    job_slot_set_delay(delayed, DELAY_NS);
    submit(&bench, delayed, 1);
    submit_and_wait_until_it_runs(&bench, other, 1); /* on the thread that waited for the other, or not */
    wait_for_entries(&bench, 1);
    event_set(&bench.gate);
    wait_for_entries(&bench, 2);
    assert_record(&bench, "L1B1");
    job_slot_destroy(&delayed);
    job_slot_destroy(&other);
    bench_finish(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_take_turns),
        cmocka_unit_test(share_that_used_least_comes_first),
        cmocka_unit_test(long_jobs_leave_a_thread_to_short_ones),
        cmocka_unit_test(delayed_work_lets_other_work_pass),
        cmocka_unit_test(delayed_work_finds_the_thread_that_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
