/* Worker slots that are filled faster than they are worked off, and destroyed in the middle. No frame is lost: each one
 * submitted was worked on, was replaced, or was the one that still waited at the end. */
#include "broker/base/sync.h"
#include "broker/worker.h"
#include "tests/stress/stress.h"

#include <stdatomic.h>
#include <stdio.h>

#define SUBMITTERS 4
#define WORKERS 3
#define FRAMES_A_SLOT_MAX 200

struct totals {
    uint64_t slots, submitted, completed, replaced;
};

struct submitter {
    pthread_t thread;
    struct totals totals;
};

/* What run() of one slot sees. Not atomic but for `inside`: the pool orders one run after the other. */
struct job {
    atomic_bool inside;
    uint64_t last_sequence, completed;
};

static struct frame_pool *frames;
static struct worker_pool *workers;

static void run(void *user, struct frame *frame, const struct work_limit *limit) {
    (void)limit;
    struct job *job = user;
    REQUIRE(!atomic_exchange(&job->inside, true));
    REQUIRE(frame_info(frame)->sequence > job->last_sequence);
    job->last_sequence = frame_info(frame)->sequence;
    job->completed++;
    stress_check_frame(frame);
    frame_unref(&frame);
    atomic_store(&job->inside, false);
}

static void *submit(void *argument) {
    struct submitter *submitter = argument;
    struct totals *totals = &submitter->totals;
    struct dice dice = stress_random();
    while (!stress_over()) {
        struct job job = {0};
        struct job_slot *slot;
        REQUIRE(job_slot_create(workers, "stress", run, &job, &slot) == ERR_OK);
        uint64_t count = dice_roll(&dice, FRAMES_A_SLOT_MAX);
        uint64_t replaced = 0;
        for (uint64_t sequence = 1; sequence <= count; sequence++) {
            struct frame *frame = stress_frame(frames, sequence, &dice);
            replaced += job_slot_submit(slot, &frame);
            REQUIRE(frame == NULL);
        }
        job_slot_destroy(&slot);
        REQUIRE(!atomic_load(&job.inside));
        uint64_t accounted = job.completed + replaced;
        REQUIRE(accounted == count || accounted + 1 == count);
        totals->slots++;
        totals->submitted += count;
        totals->completed += job.completed;
        totals->replaced += replaced;
    }
    return NULL;
}

int main(int argc, char **argv) {
    stress_begin(argc, argv);
    REQUIRE(frame_pool_create(&frames) == ERR_OK);
    REQUIRE(worker_pool_create(WORKERS, &workers) == ERR_OK);
    struct submitter submitters[SUBMITTERS] = {0};
    for (int i = 0; i < SUBMITTERS; i++) {
        REQUIRE(thread_start(&submitters[i].thread, "submitter", 0, submit, &submitters[i]) == ERR_OK);
    }
    struct totals all = {0};
    for (int i = 0; i < SUBMITTERS; i++) {
        pthread_join(submitters[i].thread, NULL);
        all.slots += submitters[i].totals.slots;
        all.submitted += submitters[i].totals.submitted;
        all.completed += submitters[i].totals.completed;
        all.replaced += submitters[i].totals.replaced;
    }
    struct worker_pool_usage usage = worker_pool_usage(workers);
    REQUIRE(usage.queued == 0 && usage.completed == all.completed && usage.replaced == all.replaced);
    REQUIRE(all.completed > 0 && all.replaced > 0);
    worker_pool_destroy(&workers);
    REQUIRE(stress_frames_in_use(frames) == 0);
    frame_pool_destroy(&frames);
    printf("%llu slots: %llu frames submitted, %llu worked on, %llu replaced\n", (unsigned long long)all.slots,
           (unsigned long long)all.submitted, (unsigned long long)all.completed, (unsigned long long)all.replaced);
    return 0;
}
