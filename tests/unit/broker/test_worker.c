#include "broker/worker.h"

#include "broker/base/sync.h"
#include "tests/unit/support.h"

#include <stdatomic.h>
#include <time.h>

#define RECORD_MAX 64

/* What was worked on, in order: slots write their letter and the frame's sequence. */
struct record {
    struct lock lock;
    struct condition grown;
    unsigned count GUARDED_BY(lock);
    struct {
        char slot;
        uint64_t sequence;
    } entries[RECORD_MAX] GUARDED_BY(lock);
};

/* The user of a slot. */
struct labour {
    struct record *record;
    char letter;
    struct event *gate;    /* run() waits for it; NULL: runs through */
    struct event *started; /* set by run(); may be NULL */
    const char *share;     /* NULL: its letter */
    int64_t burn_ns;       /* CPU time that run() takes */
    atomic_uint finished;
};

static int64_t thread_cpu_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static void burn(int64_t burn_ns) {
    const int64_t end_ns = thread_cpu_ns() + burn_ns;
    while (thread_cpu_ns() < end_ns) {
    }
}

static void run_labour(void *user, struct frame *frame, const struct work_limit *limit) {
    (void)limit;
    struct labour *labour = user;
    struct record *record = labour->record;
    if (labour->started != NULL) {
        event_set(labour->started);
    }
    bool open = labour->gate == NULL || event_wait_until(labour->gate, clock_monotonic_ns() + PATIENCE_NS);
    burn(labour->burn_ns);
    lock_acquire(&record->lock);
    if (open && record->count < RECORD_MAX) {
        record->entries[record->count].slot = labour->letter;
        record->entries[record->count].sequence = frame_info(frame)->sequence;
        record->count++;
    }
    lock_release(&record->lock);
    condition_broadcast(&record->grown);
    frame_unref(&frame);
    atomic_fetch_add(&labour->finished, 1);
}

struct bench {
    struct frame_pool *frames;
    struct worker_pool *workers;
    struct record record;
    struct event gate, started;
};

static void bench_init(struct bench *bench, unsigned threads) {
    memset(bench, 0, sizeof *bench);
    bench->frames = make_pool();
    assert_int_equal(worker_pool_create(threads, &bench->workers), ERR_OK);
    lock_init(&bench->record.lock);
    condition_init(&bench->record.grown);
    assert_int_equal(event_init(&bench->gate), ERR_OK);
    assert_int_equal(event_init(&bench->started), ERR_OK);
}

/* Every frame must have come back: memory for as many as the pool has is there without an allocation. */
static void assert_no_frame_is_lost(struct frame_pool *pool) {
    struct frame_pool_usage usage = frame_pool_usage(pool);
    struct frame *frames[RECORD_MAX];
    assert_in_range(usage.frames, 0, RECORD_MAX);
    for (size_t i = 0; i < usage.frames; i++) {
        frames[i] = make_frame(pool, i);
    }
    assert_int_equal(frame_pool_usage(pool).allocations, usage.allocations);
    for (size_t i = 0; i < usage.frames; i++) {
        frame_unref(&frames[i]);
    }
}

static void bench_finish(struct bench *bench) {
    worker_pool_destroy(&bench->workers);
    assert_null(bench->workers);
    assert_no_frame_is_lost(bench->frames);
    frame_pool_destroy(&bench->frames);
    event_finish(&bench->started);
    event_finish(&bench->gate);
    condition_finish(&bench->record.grown);
    lock_finish(&bench->record.lock);
}

static struct job_slot *make_slot(struct bench *bench, struct labour *labour) {
    struct job_slot *slot = NULL;
    const char letter[] = {labour->letter, '\0'};
    assert_int_equal(
        job_slot_create(bench->workers, labour->share != NULL ? labour->share : letter, run_labour, labour, &slot),
        ERR_OK);
    return slot;
}

static bool submit(struct bench *bench, struct job_slot *slot, uint64_t sequence) {
    struct frame *frame = make_frame(bench->frames, sequence);
    bool replaced = job_slot_submit(slot, &frame);
    assert_null(frame);
    return replaced;
}

static void wait_for_entries(struct bench *bench, unsigned count) {
    struct record *record = &bench->record;
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    bool in_time = true;
    lock_acquire(&record->lock);
    while (record->count < count && in_time) {
        in_time = condition_wait_until(&record->grown, &record->lock, deadline_ns);
    }
    lock_release(&record->lock);
    assert_true(in_time);
}

/* "A1B1": the slots and sequences in the order of the work. */
static void assert_record(struct bench *bench, const char *expected) {
    char text[2 * RECORD_MAX + 1] = "";
    lock_acquire(&bench->record.lock);
    for (unsigned i = 0; i < bench->record.count; i++) {
        text[2 * i] = bench->record.entries[i].slot;
        text[2 * i + 1] = (char)('0' + bench->record.entries[i].sequence);
        text[2 * i + 2] = '\0';
    }
    lock_release(&bench->record.lock);
    assert_string_equal(text, expected);
}

static void submit_and_wait_until_it_runs(struct bench *bench, struct job_slot *slot, uint64_t sequence) {
    submit(bench, slot, sequence);
    assert_true(event_wait_until(&bench->started, clock_monotonic_ns() + PATIENCE_NS));
    event_clear(&bench->started);
}

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

#define DELAY_NS (20 * NS_PER_MS)

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
        cmocka_unit_test(slots_take_turns),
        cmocka_unit_test(share_that_used_least_comes_first),
        cmocka_unit_test(long_jobs_leave_a_thread_to_short_ones),
        cmocka_unit_test(destroying_a_slot_stops_its_work),
        cmocka_unit_test(slots_that_wait_for_a_thread_are_counted),
        cmocka_unit_test(destroying_a_slot_waits_for_its_work),
        cmocka_unit_test(destroying_a_slot_at_work_loses_no_frame_that_waits),
        cmocka_unit_test(delayed_work_lets_other_work_pass),
        cmocka_unit_test(delayed_work_finds_the_thread_that_is_free),
        cmocka_unit_test(a_pool_without_a_number_has_a_thread_a_core),
        cmocka_unit_test(every_frame_is_worked_on_replaced_or_dropped_but_never_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
