#include "broker/worker.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/base/sync.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define THREADS_MAX 64u
#define SHARE_NAME_MAX_BYTES 64
/* Of CPU time. Jobs end well before. */
#define JOB_MAX_NS (2 * NS_PER_S)
/* A long job may not take the last free thread from shares that were active lately. */
#define LONG_JOB_NS (30 * NS_PER_MS)
#define ACTIVE_WITHIN_NS NS_PER_S

/* An account of CPU time. */
struct share {
    char name[SHARE_NAME_MAX_BYTES + 1];
    unsigned slots;
    unsigned pending;  /* jobs in the queue or at work */
    int64_t used_ns;   /* jobs at work are charged what they are expected to take */
    int64_t job_ns;    /* the last job's */
    int64_t active_ns; /* when a frame was submitted last (monotonic) */
    LIST_ENTRY(share) in_pool;
};

struct job_slot {
    struct worker_pool *pool;
    struct share *share;
    job_run *run;
    void *user;
    int64_t delay_ns;
    atomic_bool stopping;                  /* relaxed: a hint to the job */
    int64_t job_ns GUARDED_BY(pool->lock); /* the last job's; 0: none yet */
    struct frame *waiting GUARDED_BY(pool->lock);
    int64_t due_ns GUARDED_BY(pool->lock); /* of the waiting frame (monotonic) */
    bool running GUARDED_BY(pool->lock);
    TAILQ_ENTRY(job_slot) in_queue GUARDED_BY(pool->lock);
};

/* A slot is in the queue exactly while it has a waiting frame and is not running. */
struct worker_pool {
    struct lock lock;
    struct condition work;     /* a slot was queued, or it is time to stop */
    struct condition finished; /* a run() has returned */
    TAILQ_HEAD(, job_slot) queue GUARDED_BY(lock);
    LIST_HEAD(, share) shares GUARDED_BY(lock);
    int64_t virtual_ns GUARDED_BY(lock); /* what the share had used that was chosen last */
    unsigned idle GUARDED_BY(lock);      /* threads without a job */
    bool stop GUARDED_BY(lock);
    unsigned queued GUARDED_BY(lock);
    uint64_t replaced GUARDED_BY(lock), completed GUARDED_BY(lock);
    unsigned thread_count;
    pthread_t threads[];
};

/* ---- Shares ---- */

static struct share *find_share_locked(struct worker_pool *pool, const char *name) REQUIRES(&pool->lock) {
    struct share *share;
    LIST_FOREACH (share, &pool->shares, in_pool) {
        if (strncmp(share->name, name, SHARE_NAME_MAX_BYTES) == 0) {
            break;
        }
    }
    return share;
}

static struct share *join_share(struct worker_pool *pool, const char *name) {
    lock_acquire(&pool->lock);
    struct share *share = find_share_locked(pool, name);
    if (share == NULL && (share = calloc(1, sizeof *share)) != NULL) {
        snprintf(share->name, sizeof share->name, "%s", name);
        LIST_INSERT_HEAD(&pool->shares, share, in_pool);
    }
    if (share != NULL) {
        share->slots++;
    }
    lock_release(&pool->lock);
    return share;
}

static void leave_share(struct share *share) {
    if (--share->slots == 0) {
        LIST_REMOVE(share, in_pool);
        free(share);
    }
}

static int64_t expected_ns(const struct job_slot *slot) {
    return slot->job_ns > 0 ? slot->job_ns : slot->share->job_ns;
}

static bool is_other_share_active_locked(const struct worker_pool *pool, const struct share *share)
    REQUIRES(&pool->lock) {
    const int64_t since_ns = clock_monotonic_ns() - ACTIVE_WITHIN_NS;
    const struct share *other;
    LIST_FOREACH (other, &pool->shares, in_pool) {
        if (other != share && other->active_ns > since_ns) {
            return true;
        }
    }
    return false;
}

static bool may_run_locked(const struct worker_pool *pool, const struct job_slot *slot) REQUIRES(&pool->lock) {
    return pool->thread_count == 1 || pool->idle > 1 || expected_ns(slot) <= LONG_JOB_NS ||
           !is_other_share_active_locked(pool, slot->share);
}

/* NULL: none is to run now. *due_ns: when the next one is that is not due yet; CLOCK_NEVER: none. */
static struct job_slot *choose_slot_locked(const struct worker_pool *pool, int64_t *due_ns) REQUIRES(&pool->lock) {
    const int64_t now_ns = clock_monotonic_ns();
    struct job_slot *chosen = NULL, *slot;
    *due_ns = CLOCK_NEVER;
    TAILQ_FOREACH(slot, &pool->queue, in_queue) {
        if (slot->due_ns > now_ns) {
            *due_ns = min_i64(*due_ns, slot->due_ns);
        } else if ((chosen == NULL || slot->share->used_ns < chosen->share->used_ns) && may_run_locked(pool, slot)) {
            chosen = slot;
        }
    }
    return chosen;
}

/* ---- The queue ---- */

static void enqueue_locked(struct worker_pool *pool, struct job_slot *slot) REQUIRES(&pool->lock) {
    TAILQ_INSERT_TAIL(&pool->queue, slot, in_queue);
    pool->queued++;
    struct share *share = slot->share;
    if (share->pending++ == 0) {
        share->used_ns = max_i64(share->used_ns, pool->virtual_ns);
    }
}

static void unqueue_locked(struct worker_pool *pool, struct job_slot *slot) REQUIRES(&pool->lock) {
    TAILQ_REMOVE(&pool->queue, slot, in_queue);
    pool->queued--;
    slot->share->pending--;
}

/* ---- Threads ---- */

static bool is_stopping(void *user) {
    struct job_slot *slot = user;
    return atomic_load_explicit(&slot->stopping, memory_order_relaxed);
}

/* Returns the CPU time that it took. */
static int64_t run_job(struct job_slot *slot, struct frame *frame) {
    const int64_t began_ns = clock_thread_cpu_ns();
    const struct work_limit limit = {.cpu_deadline_ns = began_ns + JOB_MAX_NS, .is_stopped = is_stopping, .user = slot};
    slot->run(slot->user, frame, &limit);
    return clock_thread_cpu_ns() - began_ns;
}

static void *work(void *argument) {
    struct worker_pool *pool = argument;
    lock_acquire(&pool->lock);
    while (!pool->stop) {
        int64_t due_ns;
        struct job_slot *slot = choose_slot_locked(pool, &due_ns);
        if (slot == NULL) {
            condition_wait_until(&pool->work, &pool->lock, due_ns);
            continue;
        }
        if (due_ns != CLOCK_NEVER) {
            condition_signal(&pool->work); /* another thread waits for it */
        }
        struct share *share = slot->share;
        const int64_t charged_ns = expected_ns(slot);
        unqueue_locked(pool, slot);
        share->pending++;
        pool->virtual_ns = share->used_ns;
        share->used_ns += charged_ns;
        struct frame *frame = slot->waiting;
        slot->waiting = NULL;
        slot->running = true;
        pool->idle--;
        lock_release(&pool->lock);

        const int64_t took_ns = run_job(slot, frame);

        lock_acquire(&pool->lock);
        pool->idle++;
        slot->job_ns = share->job_ns = took_ns;
        share->used_ns += took_ns - charged_ns;
        share->pending--;
        slot->running = false;
        pool->completed++;
        if (slot->waiting != NULL) {
            enqueue_locked(pool, slot);
        }
        condition_broadcast(&pool->finished);
        condition_signal(&pool->work); /* a long job may wait for this thread or another */
    }
    lock_release(&pool->lock);
    return NULL;
}

enum err worker_pool_create(unsigned threads, struct worker_pool **out) {
    threads = thread_pool_size(threads, THREADS_MAX);
    struct worker_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);
    if (pool == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&pool->lock);
    condition_init(&pool->work);
    condition_init(&pool->finished);
    TAILQ_INIT(&pool->queue);
    pool->idle = threads;
    for (unsigned i = 0; i < threads; i++) {
        if (thread_start(&pool->threads[i], "worker", 0, work, pool) != ERR_OK) {
            worker_pool_destroy(&pool);
            return ERR_BUSY;
        }
        pool->thread_count++;
    }
    *out = pool;
    return ERR_OK;
}

void worker_pool_destroy(struct worker_pool **pool_pointer) {
    struct worker_pool *pool = *pool_pointer;
    *pool_pointer = NULL;
    if (pool == NULL) {
        return;
    }
    lock_acquire(&pool->lock);
    assert(TAILQ_EMPTY(&pool->queue));
    pool->stop = true;
    lock_release(&pool->lock);
    condition_broadcast(&pool->work);
    for (unsigned i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    condition_finish(&pool->finished);
    condition_finish(&pool->work);
    lock_finish(&pool->lock);
    free(pool);
}

struct worker_pool_usage worker_pool_usage(struct worker_pool *pool) {
    lock_acquire(&pool->lock);
    struct worker_pool_usage usage = {.threads = pool->thread_count,
                                      .queued = pool->queued,
                                      .replaced = pool->replaced,
                                      .completed = pool->completed};
    lock_release(&pool->lock);
    return usage;
}

enum err job_slot_create(struct worker_pool *pool, const char *share, job_run *run, void *user, struct job_slot **out) {
    struct job_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        return ERR_MEMORY;
    }
    slot->pool = pool;
    slot->run = run;
    slot->user = user;
    slot->share = join_share(pool, share);
    if (slot->share == NULL) {
        free(slot);
        return ERR_MEMORY;
    }
    *out = slot;
    return ERR_OK;
}

void job_slot_set_delay(struct job_slot *slot, int64_t delay_ns) { slot->delay_ns = delay_ns; }

bool job_slot_submit(struct job_slot *slot, struct frame **frame) {
    struct worker_pool *pool = slot->pool;
    lock_acquire(&pool->lock);
    const int64_t now_ns = slot->share->active_ns = clock_monotonic_ns();
    struct frame *overtaken = slot->waiting;
    slot->waiting = *frame;
    *frame = NULL;
    bool replaced = overtaken != NULL;
    if (replaced) {
        pool->replaced++;
    } else {
        slot->due_ns = now_ns + slot->delay_ns;
        if (!slot->running) {
            enqueue_locked(pool, slot);
        }
    }
    lock_release(&pool->lock);
    condition_signal(&pool->work);
    frame_unref(&overtaken);
    return replaced;
}

void job_slot_destroy(struct job_slot **slot_pointer) {
    struct job_slot *slot = *slot_pointer;
    *slot_pointer = NULL;
    if (slot == NULL) {
        return;
    }
    struct worker_pool *pool = slot->pool;
    atomic_store_explicit(&slot->stopping, true, memory_order_relaxed);
    lock_acquire(&pool->lock);
    struct frame *dropped = slot->waiting;
    slot->waiting = NULL;
    if (dropped != NULL && !slot->running) {
        unqueue_locked(pool, slot);
    }
    while (slot->running) {
        condition_wait(&pool->finished, &pool->lock);
    }
    leave_share(slot->share);
    lock_release(&pool->lock);
    frame_unref(&dropped);
    free(slot);
}
