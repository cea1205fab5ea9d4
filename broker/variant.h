/* A variant: a topic that is derived from a camera's by the worker pool. Private to broker/; others use broker.h.
 *
 * It is awake while somebody subscribes to its topic: then it subscribes to the camera's, which wakes the camera, and
 * each frame that it wants goes to a job slot of its own, whose work publishes the result. Asleep it keeps its
 * converter, and shows nothing.
 *
 * Threads: one, that of the inbox. */
#ifndef BROKER_VARIANT_H
#define BROKER_VARIANT_H

#include "broker/pace.h"
#include "broker/topic.h"
#include "broker/worker.h"

/* What all variants of a broker share; borrowed by each. */
struct variant_means {
    const struct converter_ops *converters;
    const struct frame_envelope *envelope;
    struct frame_pool *frames;
    struct worker_pool *workers;
    struct journal *journal;
    struct inbox *inbox;
};

struct variant {
    const struct variant_means *means;
    struct topic *source, *topic; /* a reference each */
    struct variant_wish wish;     /* as given */
    void *converter;              /* NULL: none yet; the job's */
    /* Awake: */
    struct subscriber *subscriber; /* to source */
    struct job_slot *slot;
    struct pace pace;
    /* What variants.c keeps of it: */
    bool has_given_way; /* to another that was wished for; only waits to be dropped. With the variants' lock. */
    struct variant *next;
};

/* Asleep. ERR_MEMORY. */
CHECKED enum err variant_create(const struct variant_means *means, struct topic *source,
                                const struct variant_wish *wish, struct variant **variant);
/* Blocks: as variant_sleep(). */
void variant_destroy(struct variant **variant);

/* ERR_MEMORY: then it still sleeps. A camera that is closed closes the variant. */
CHECKED enum err variant_wake(struct variant *variant);
/* Blocks: until a frame that is being converted is done, some ms. */
void variant_sleep(struct variant *variant);
bool variant_is_awake(const struct variant *variant);
/* The camera's settings may have changed. */
void variant_follow_settings(struct variant *variant);
/* There may be a newer frame of the camera. */
void variant_on_news(struct variant *variant);

#endif
