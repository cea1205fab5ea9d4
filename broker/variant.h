/* A variant: a topic that is derived from a camera's by the worker pool. Private to broker/; others use broker.h.
 *
 * It is awake while its topic has subscribers: then it subscribes to the camera's, which wakes the camera, and each
 * frame that is due goes to its job slot, whose job publishes the result. Asleep it keeps its converter, and shows
 * nothing. Where the camera has a supply of variants (variant_supply.h), that publishes instead.
 *
 * Threads: one, that of the inbox. */
#ifndef BROKER_VARIANT_H
#define BROKER_VARIANT_H

#include "broker/base/rate_limiter.h"
#include "broker/subscriber.h"
#include "broker/topic.h"
#include "broker/worker.h"

#include <sys/queue.h>

/* What all variants of a broker share; borrowed by each. */
struct variant_context {
    const struct converter_ops *converters;
    const struct frame_envelope *envelope;
    struct frame_pool *frames;
    struct worker_pool *workers;
    struct event_log *event_log;
    struct inbox *inbox;
};

struct variant {
    const struct variant_context *context;
    struct topic *source, *topic;   /* a reference each */
    struct variant_request request; /* as given */
    void *converter;                /* NULL: none yet; used by the job */
    /* Awake: */
    struct subscriber *subscriber; /* to source */
    struct job_slot *slot;
    struct rate_limiter limiter;
    void *supplied; /* by the camera's supply, in place of these */
    bool is_supplied;
    /* Of variants.c: */
    bool has_given_way;              /* to a newer request; is about to be dropped. With the variants' lock. */
    char owner[VARIANT_OWNER_BYTES]; /* the client whose request made it; "": none */
    LIST_ENTRY(variant) in_variants;
};

/* Asleep. ERR_MEMORY. */
CHECKED enum err variant_create(const struct variant_context *context, struct topic *source,
                                const struct variant_request *request, struct variant **variant);
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
