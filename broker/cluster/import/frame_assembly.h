/* A frame that arrives in parts, in order: one at a time for each channel. A part that does not continue the frame
 * begins another one, or is dropped.
 *
 * Threads: one. Ownership: holds the frame until it is complete. */
#ifndef BROKER_CLUSTER_IMPORT_FRAME_ASSEMBLY_H
#define BROKER_CLUSTER_IMPORT_FRAME_ASSEMBLY_H

#include "broker/cluster/cluster_messages.h"

/* Zeroed: nothing has arrived. */
struct frame_assembly {
    struct frame *frame; /* NULL: none has begun */
    uint64_t number;     /* of the message of its last part */
    size_t total_bytes;
};

/* Adds a part; frames come from the pool. *complete gets the frame with its picture, without its info, once the last
 * part is there; NULL otherwise. *lost: adds the frames that will not be complete. ERR_INVALID: the part fits to
 * nothing; ERR_MEMORY. */
CHECKED enum err frame_assembly_add(struct frame_assembly *assembly, const struct frame_message *message,
                                    struct frame_pool *pool, struct frame **complete, uint64_t *lost);
void frame_assembly_finish(struct frame_assembly *assembly);

#endif
