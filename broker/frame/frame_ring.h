/* The newest frames of a topic, by position: a ring whose oldest frame makes way for the next.
 * Threads: none of its own; the owner's lock guards it. Frames that leave the ring go to the caller, which releases
 * them without the lock. */
#ifndef BROKER_FRAME_FRAME_RING_H
#define BROKER_FRAME_FRAME_RING_H

#include "broker/frame/frame.h"

#define FRAME_RING_MAX 64

/* The frame at position p is frames[p % capacity]. Zeroed but for capacity: empty. */
struct frame_ring {
    struct frame *frames[FRAME_RING_MAX]; /* a reference each, or NULL */
    unsigned capacity;                    /* 1 to FRAME_RING_MAX */
    uint64_t position;                    /* of the newest frame; 0 before the first */
};

/* Frames that have left a ring. Zeroed: none. */
struct dropped_frames {
    struct frame *frames[FRAME_RING_MAX];
};
void dropped_frames_release(struct dropped_frames *dropped);

/* Borrowed; NULL: the ring is empty. */
struct frame *frame_ring_newest(const struct frame_ring *ring);
/* Takes frame. Returns the frame that it replaces, or NULL. */
CHECKED struct frame *frame_ring_push(struct frame_ring *ring, struct frame *frame);
/* Empties the ring; its position stays. */
void frame_ring_clear(struct frame_ring *ring, struct dropped_frames *dropped);
/* Drops the oldest frames that no longer fit. */
void frame_ring_resize(struct frame_ring *ring, unsigned capacity, struct dropped_frames *dropped);

#endif
