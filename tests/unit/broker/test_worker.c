#include "tests/unit/broker/worker_fixture.h"

static void frames_of_a_slot_are_worked_on_in_order(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 4);
    struct labour labour = {.record = &bench.record, .letter = 'A'};
    struct job_slot *slot = make_slot(&bench, &labour);
    for (unsigned i = 1; i <= 9; i++) {
        assert_false(submit(&bench, slot, i));
        wait_for_entries(&bench, i);
    }
    job_slot_destroy(&slot);
    assert_null(slot);
    assert_record(&bench, "A1A2A3A4A5A6A7A8A9");
    assert_int_equal(worker_pool_usage(bench.workers).replaced, 0);
    bench_finish(&bench);
}

static void a_newer_frame_replaces_the_one_that_waits(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 2);
    struct labour labour = {.record = &bench.record, .letter = 'A', .gate = &bench.gate, .started = &bench.started};
    struct job_slot *slot = make_slot(&bench, &labour);
    submit_and_wait_until_it_runs(&bench, slot, 1);
    assert_false(submit(&bench, slot, 2));
    assert_true(submit(&bench, slot, 3));
    assert_true(submit(&bench, slot, 4));
    assert_int_equal(worker_pool_usage(bench.workers).replaced, 2);
    event_set(&bench.gate);
    wait_for_entries(&bench, 2);
    job_slot_destroy(&slot);
    assert_record(&bench, "A1A4");
    assert_int_equal(worker_pool_usage(bench.workers).completed, 2);
    bench_finish(&bench);
}

static void a_slow_slot_does_not_hold_up_another(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 2);
    struct labour slow = {.record = &bench.record, .letter = 'A', .gate = &bench.gate, .started = &bench.started};
    struct labour quick = {.record = &bench.record, .letter = 'B'};
    struct job_slot *slow_slot = make_slot(&bench, &slow);
    struct job_slot *quick_slot = make_slot(&bench, &quick);
    submit_and_wait_until_it_runs(&bench, slow_slot, 1);
    submit(&bench, slow_slot, 2); /* must not take the second thread */
    for (unsigned i = 1; i <= 5; i++) {
        submit(&bench, quick_slot, i);
        wait_for_entries(&bench, i);
    }
    assert_record(&bench, "B1B2B3B4B5");
    event_set(&bench.gate);
    job_slot_destroy(&slow_slot);
    job_slot_destroy(&quick_slot);
    bench_finish(&bench);
}

static void run_until_limit(void *user, struct frame *frame, const struct work_limit *limit) {
    struct event *started = user;
    event_set(started);
    enum err reached = ERR_OK;
    while (reached == ERR_OK) {
        reached = work_limit_check(limit);
    }
    assert_int_equal(reached, ERR_INTERRUPTED);
    frame_unref(&frame);
}

static void destroying_a_slot_stops_its_work(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 1);
    struct job_slot *slot = NULL;
    assert_int_equal(job_slot_create(bench.workers, "endless", run_until_limit, &bench.started, &slot), ERR_OK);
    submit_and_wait_until_it_runs(&bench, slot, 1);
    job_slot_destroy(&slot);
    assert_int_equal(worker_pool_usage(bench.workers).completed, 1);
    bench_finish(&bench);
}

static void slots_that_wait_for_a_thread_are_counted(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 1);
    struct labour busy = {.record = &bench.record, .letter = 'A', .gate = &bench.gate, .started = &bench.started};
    struct labour other = {.record = &bench.record, .letter = 'B'};
    struct job_slot *busy_slot = make_slot(&bench, &busy);
    struct job_slot *first = make_slot(&bench, &other);
    struct job_slot *second = make_slot(&bench, &other);
    submit_and_wait_until_it_runs(&bench, busy_slot, 1);
    assert_int_equal(worker_pool_usage(bench.workers).queued, 0);
    submit(&bench, first, 1);
    submit(&bench, second, 2);
    assert_true(submit(&bench, second, 3));
    assert_int_equal(worker_pool_usage(bench.workers).queued, 2);
    job_slot_destroy(&second); /* the last of the queue */
    assert_int_equal(worker_pool_usage(bench.workers).queued, 1);
    second = make_slot(&bench, &other);
    submit(&bench, second, 4);
    job_slot_destroy(&first); /* the first */
    assert_int_equal(worker_pool_usage(bench.workers).queued, 1);
    event_set(&bench.gate);
    wait_for_entries(&bench, 2);
    assert_record(&bench, "A1B4");
    job_slot_destroy(&second);
    job_slot_destroy(&busy_slot);
    bench_finish(&bench);
}

struct destroyer {
    struct job_slot *slot;
    struct labour *labour;
    atomic_bool destroyed;
    unsigned finished; /* how much work was, when the slot had been destroyed */
};

static void *destroy_slot(void *argument) {
    struct destroyer *destroyer = argument;
    job_slot_destroy(&destroyer->slot);
    destroyer->finished = atomic_load(&destroyer->labour->finished);
    atomic_store(&destroyer->destroyed, true);
    return NULL;
}

static void destroying_a_slot_waits_for_its_work(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 2);
    struct labour busy = {.record = &bench.record, .letter = 'A', .gate = &bench.gate, .started = &bench.started};
    struct labour quick = {.record = &bench.record, .letter = 'B'};
    struct job_slot *quick_slot = make_slot(&bench, &quick);
    struct destroyer destroyer = {.slot = make_slot(&bench, &busy), .labour = &busy};
    submit_and_wait_until_it_runs(&bench, destroyer.slot, 1);
    pthread_t thread;
    assert_int_equal(thread_start(&thread, "destroyer", 0, destroy_slot, &destroyer), ERR_OK);
    for (unsigned i = 1; i <= 9; i++) {
        submit(&bench, quick_slot, i);
        wait_for_entries(&bench, i);
    }
    assert_false(atomic_load(&destroyer.destroyed));
    event_set(&bench.gate);
    pthread_join(thread, NULL);
    assert_int_equal(destroyer.finished, 1);
    job_slot_destroy(&quick_slot);
    bench_finish(&bench);
}

static void destroying_a_slot_at_work_loses_no_frame_that_waits(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct bench bench;
        bench_init(&bench, 2);
        struct labour labour = {.record = &bench.record, .letter = 'A', .started = &bench.started};
        struct job_slot *slot = make_slot(&bench, &labour);
        submit_and_wait_until_it_runs(&bench, slot, 1);
        submit(&bench, slot, 2);
        job_slot_destroy(&slot); /* which is before, in or after the work on the second */
        unsigned finished = atomic_load(&labour.finished);
        assert_in_range(finished, 1, 2);
        assert_int_equal(worker_pool_usage(bench.workers).completed, finished);
        assert_int_equal(worker_pool_usage(bench.workers).queued, 0);
        bench_finish(&bench);
    }
}

static void a_pool_without_a_number_has_a_thread_a_core(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 0);
    assert_in_range(worker_pool_usage(bench.workers).threads, 1, 64);
    job_slot_destroy(&(struct job_slot *){NULL}); /* NULL does no harm */
    bench_finish(&bench);
}

#define STRESS_SLOTS 3
#define STRESS_FRAMES 20000

struct stress_slot {
    struct job_slot *slot;
    uint64_t last_sequence;
    atomic_bool running;
    atomic_uint worked, wrong;
};

static void run_stress(void *user, struct frame *frame, const struct work_limit *limit) {
    (void)limit;
    struct stress_slot *stress = user;
    bool twice = atomic_exchange(&stress->running, true);
    if (twice || frame_info(frame)->sequence <= stress->last_sequence) {
        atomic_fetch_add(&stress->wrong, 1);
    }
    stress->last_sequence = frame_info(frame)->sequence;
    atomic_fetch_add(&stress->worked, 1);
    frame_unref(&frame);
    atomic_store(&stress->running, false);
}

static void every_frame_is_worked_on_replaced_or_dropped_but_never_lost(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, 2);
    struct stress_slot slots[STRESS_SLOTS] = {0};
    unsigned replaced = 0;
    for (int i = 0; i < STRESS_SLOTS; i++) {
        assert_int_equal(job_slot_create(bench.workers, "stress", run_stress, &slots[i], &slots[i].slot), ERR_OK);
    }
    for (uint64_t sequence = 1; sequence <= STRESS_FRAMES; sequence++) {
        for (int i = 0; i < STRESS_SLOTS; i++) {
            replaced += submit(&bench, slots[i].slot, sequence);
        }
    }
    unsigned worked = 0;
    for (int i = 0; i < STRESS_SLOTS; i++) {
        job_slot_destroy(&slots[i].slot);
        assert_int_equal(slots[i].wrong, 0);
        worked += slots[i].worked;
    }
    struct worker_pool_usage usage = worker_pool_usage(bench.workers);
    assert_int_equal(usage.replaced, replaced);
    assert_int_equal(usage.completed, worked);
    assert_in_range(STRESS_SLOTS * STRESS_FRAMES - worked - replaced, 0, STRESS_SLOTS); /* dropped at the end */
    bench_finish(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_a_slot_are_worked_on_in_order),
        cmocka_unit_test(a_newer_frame_replaces_the_one_that_waits),
        cmocka_unit_test(a_slow_slot_does_not_hold_up_another),
        cmocka_unit_test(destroying_a_slot_stops_its_work),
        cmocka_unit_test(slots_that_wait_for_a_thread_are_counted),
        cmocka_unit_test(destroying_a_slot_waits_for_its_work),
        cmocka_unit_test(destroying_a_slot_at_work_loses_no_frame_that_waits),
        cmocka_unit_test(a_pool_without_a_number_has_a_thread_a_core),
        cmocka_unit_test(every_frame_is_worked_on_replaced_or_dropped_but_never_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
