/* Requests between nodes, beside those that the cluster answers itself: what is asked and answered is the business of
 * those who do.
 *
 * Threads: as said. */
#ifndef BROKER_CLUSTER_CLUSTER_ANSWER_H
#define BROKER_CLUSTER_CLUSTER_ANSWER_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Of the bytes of a request, and of an answer. */
#define CLUSTER_REQUEST_MAX_BYTES ((size_t)64 << 10)
#define CLUSTER_ANSWER_MAX_BYTES ((size_t)768 << 10)

struct cluster_answer {
    uint8_t *bytes; /* the caller's to free(); NULL: none */
    size_t count;   /* up to CLUSTER_ANSWER_MAX_BYTES */
};

/* Answers a request of another node. The bytes come from outside. On failure reason goes back to the node instead of
 * answer, which then holds nothing to free. Called on one of the cluster's threads, 2 at once at most. Blocks: 10 s at
 * most. */
typedef enum err cluster_serve(void *user, const char *node, const void *request, size_t count,
                               struct cluster_answer *answer, struct reason *reason);

#endif
