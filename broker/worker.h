/* The worker pool: a few threads that run the CPU-heavy work on frames, such as encoding.
 *
 * Each user has a job slot, which holds at most one waiting frame. A newer frame replaces one that still waits
 * (counted as replaced): a pool that is too slow loses frames, never time. Frames of one slot are worked on one after
 * the other, in the order of submission.
 *
 * The threads are shared fairly by time: slots of the same share (all those of one camera) have one account of CPU
 * time, and the slot whose share has used least comes first (start-time fair queueing: a share that was idle earns no
 * credit). Jobs that take long never have all threads of a pool: the last one is kept for short jobs.
 *
 * Lifecycle: create the pool, create slots in it, submit; destroy every slot, then the pool.
 * Threads: any, unless said otherwise.
 * Ownership: a submitted frame is taken by the slot, and its reference goes to run(). */
#ifndef BROKER_WORKER_H
#define BROKER_WORKER_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"

#include <stdbool.h>

struct worker_pool;
struct job_slot;

/* threads: 1 to 64, or 0 for as many as there are cores. ERR_MEMORY, or ERR_BUSY when threads cannot be started. */
CHECKED enum err worker_pool_create(unsigned threads, struct worker_pool **pool);
/* Blocks: until the threads have ended. No slot may be left. */
void worker_pool_destroy(struct worker_pool **pool);

struct worker_pool_usage {
    unsigned threads;
    unsigned queued;    /* slots with a frame that waits for a thread or its time, and not for the one before it */
    uint64_t replaced;  /* frames that a newer one overtook, ever */
    uint64_t completed; /* frames worked on, ever */
};
struct worker_pool_usage worker_pool_usage(struct worker_pool *pool);

/* The work: takes the frame over. Never runs twice at once for one slot. limit, borrowed for the call, is reached when
 * the slot is being destroyed or the job has taken some seconds. */
typedef void job_run(void *user, struct frame *frame, const struct work_limit *limit);

/* share: slots with the same name share their time; copied. run and user are borrowed until job_slot_destroy() returns.
 * ERR_MEMORY. */
CHECKED enum err job_slot_create(struct worker_pool *pool, const char *share, job_run *run, void *user,
                                 struct job_slot **slot);
/* No viewer waits for its results: its work on a frame begins this long after the submission at the earliest, when the
 * threads that send the frame have most likely done so. Before the first submission. */
void job_slot_set_delay(struct job_slot *slot, int64_t delay_ns);
/* Takes *frame and nulls it. Never blocks. True if it replaced one that still waited. */
bool job_slot_submit(struct job_slot *slot, struct frame **frame);
/* Drops a waiting frame. Blocks: until run(), whose limit is reached at once, has returned. Not from within run(). */
void job_slot_destroy(struct job_slot **slot);

#endif
