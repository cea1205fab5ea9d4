#include "broker/worker.h"

#include "broker/sync.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX 64u

struct job_slot {
    struct worker_pool *pool;
    job_run *run;
    void *user;
    struct frame *waiting GUARDED_BY(pool->lock);
    bool running GUARDED_BY(pool->lock);
    struct job_slot *next GUARDED_BY(pool->lock); /* in the queue */
};

/* A slot is in the queue exactly while it has a waiting frame and is not running. */
struct worker_pool {
    struct lock lock;
    struct condition work;     /* a slot was queued, or it is time to stop */
    struct condition finished; /* a run() has returned */
    struct job_slot *first GUARDED_BY(lock), *last GUARDED_BY(lock);
    bool stop GUARDED_BY(lock);
    unsigned queued GUARDED_BY(lock);
    uint64_t replaced GUARDED_BY(lock), completed GUARDED_BY(lock);
    unsigned thread_count;
    pthread_t threads[];
};

static void enqueue_locked(struct worker_pool *pool, struct job_slot *slot) REQUIRES(&pool->lock) {
    slot->next = NULL;
    if (pool->last != NULL) {
        pool->last->next = slot;
    } else {
        pool->first = slot;
    }
    pool->last = slot;
    pool->queued++;
}

static void unqueue_locked(struct worker_pool *pool, struct job_slot *slot) REQUIRES(&pool->lock) {
    struct job_slot *before = NULL;
    for (struct job_slot *other = pool->first; other != slot; other = other->next) {
        before = other;
    }
    if (before != NULL) {
        before->next = slot->next;
    } else {
        pool->first = slot->next;
    }
    if (pool->last == slot) {
        pool->last = before;
    }
    pool->queued--;
}

static void *work(void *argument) {
    struct worker_pool *pool = argument;
    lock_acquire(&pool->lock);
    while (!pool->stop) {
        struct job_slot *slot = pool->first;
        if (slot == NULL) {
            condition_wait(&pool->work, &pool->lock);
            continue;
        }
        unqueue_locked(pool, slot);
        struct frame *frame = slot->waiting;
        slot->waiting = NULL;
        slot->running = true;
        lock_release(&pool->lock);

        slot->run(slot->user, frame);

        lock_acquire(&pool->lock);
        slot->running = false;
        pool->completed++;
        if (slot->waiting != NULL) {
            enqueue_locked(pool, slot); /* behind the others, which wait already */
        }
        condition_broadcast(&pool->finished);
    }
    lock_release(&pool->lock);
    return NULL;
}

enum err worker_pool_create(unsigned threads, struct worker_pool **out) {
    if (threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores > 0 ? (unsigned)cores : 1;
    }
    if (threads > THREADS_MAX) {
        threads = THREADS_MAX;
    }
    struct worker_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);
    if (pool == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&pool->lock);
    condition_init(&pool->work);
    condition_init(&pool->finished);
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
    assert(pool->first == NULL);
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

enum err job_slot_create(struct worker_pool *pool, job_run *run, void *user, struct job_slot **out) {
    struct job_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        return ERR_MEMORY;
    }
    *slot = (struct job_slot){.pool = pool, .run = run, .user = user};
    *out = slot;
    return ERR_OK;
}

bool job_slot_submit(struct job_slot *slot, struct frame **frame) {
    struct worker_pool *pool = slot->pool;
    lock_acquire(&pool->lock);
    struct frame *overtaken = slot->waiting;
    slot->waiting = *frame;
    *frame = NULL;
    bool replaced = overtaken != NULL;
    if (replaced) {
        pool->replaced++;
    } else if (!slot->running) {
        enqueue_locked(pool, slot);
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
    lock_acquire(&pool->lock);
    struct frame *dropped = slot->waiting;
    slot->waiting = NULL;
    if (dropped != NULL && !slot->running) {
        unqueue_locked(pool, slot);
    }
    while (slot->running) {
        condition_wait(&pool->finished, &pool->lock);
    }
    lock_release(&pool->lock);
    frame_unref(&dropped);
    free(slot);
}
