/* A queue of a topic's live frames for one reader that wants every one of them, and may be late: a recorder. It is
 * bounded by bytes, its own and those of all queues of a budget; frames are shared with the topic's viewers, not
 * copied. Where there is no room, its oldest frames make way, and are counted as dropped.
 *
 * Lifecycle: create; topic_set_queue(); pop until NULL, again and again; topic_set_queue(NULL); unref.
 * Threads: any. Ownership: reference-counted; a queue holds references to its frames. */
#ifndef BROKER_FRAME_FRAME_QUEUE_H
#define BROKER_FRAME_FRAME_QUEUE_H

#include "broker/frame/frame.h"

#include <stdatomic.h>

/* What several queues may hold together. Borrowed by its queues. */
struct frame_budget {
    _Atomic size_t bytes; /* relaxed: a bound, not a promise to the byte */
    size_t max_bytes;
};

struct frame_queue;

/* ERR_MEMORY. */
CHECKED enum err frame_queue_create(struct frame_budget *budget, size_t max_bytes, struct frame_queue **queue);
struct frame_queue *frame_queue_ref(struct frame_queue *queue);
/* *queue may be NULL. */
void frame_queue_unref(struct frame_queue **queue);

/* Takes *frame, which is sealed. Never waits. */
void frame_queue_push(struct frame_queue *queue, struct frame **frame);
/* Drops every frame, which counts as none that made way. */
void frame_queue_clear(struct frame_queue *queue);
/* The oldest frame as a new reference, which stays in the queue, or NULL. */
struct frame *frame_queue_oldest(struct frame_queue *queue);
/* Takes the frame out if it is still the oldest. */
void frame_queue_remove(struct frame_queue *queue, const struct frame *frame);
/* Whether it is more than half full, or its budget is: a reader that holds frames back should not. */
bool frame_queue_is_tight(struct frame_queue *queue);
/* Frames that made way since the last call. */
uint64_t frame_queue_take_dropped(struct frame_queue *queue);

#endif
