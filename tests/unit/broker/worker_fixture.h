/* A worker pool whose work is noted in order, for the tests of worker.h. */
#ifndef TESTS_WORKER_FIXTURE_H
#define TESTS_WORKER_FIXTURE_H

#include "broker/base/sync.h"
#include "broker/worker.h"
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

static inline int64_t thread_cpu_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static inline void burn(int64_t burn_ns) {
    const int64_t end_ns = thread_cpu_ns() + burn_ns;
    while (thread_cpu_ns() < end_ns) {
    }
}

static inline void run_labour(void *user, struct frame *frame, const struct work_limit *limit) {
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

static inline void bench_init(struct bench *bench, unsigned threads) {
    memset(bench, 0, sizeof *bench);
    bench->frames = make_pool();
    assert_int_equal(worker_pool_create(threads, &bench->workers), ERR_OK);
    lock_init(&bench->record.lock);
    condition_init(&bench->record.grown);
    assert_int_equal(event_init(&bench->gate), ERR_OK);
    assert_int_equal(event_init(&bench->started), ERR_OK);
}

/* Every frame must have come back: memory for as many as the pool has is there without an allocation. */
static inline void assert_no_frame_is_lost(struct frame_pool *pool) {
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

static inline void bench_finish(struct bench *bench) {
    worker_pool_destroy(&bench->workers);
    assert_null(bench->workers);
    assert_no_frame_is_lost(bench->frames);
    frame_pool_destroy(&bench->frames);
    event_finish(&bench->started);
    event_finish(&bench->gate);
    condition_finish(&bench->record.grown);
    lock_finish(&bench->record.lock);
}

static inline struct job_slot *make_slot(struct bench *bench, struct labour *labour) {
    struct job_slot *slot = NULL;
    const char letter[] = {labour->letter, '\0'};
    assert_int_equal(
        job_slot_create(bench->workers, labour->share != NULL ? labour->share : letter, run_labour, labour, &slot),
        ERR_OK);
    return slot;
}

static inline bool submit(struct bench *bench, struct job_slot *slot, uint64_t sequence) {
    struct frame *frame = make_frame(bench->frames, sequence);
    bool replaced = job_slot_submit(slot, &frame);
    assert_null(frame);
    return replaced;
}

static inline void wait_for_entries(struct bench *bench, unsigned count) {
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
static inline void assert_record(struct bench *bench, const char *expected) {
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

static inline void submit_and_wait_until_it_runs(struct bench *bench, struct job_slot *slot, uint64_t sequence) {
    submit(bench, slot, sequence);
    assert_true(event_wait_until(&bench->started, clock_monotonic_ns() + PATIENCE_NS));
    event_clear(&bench->started);
}

#endif
