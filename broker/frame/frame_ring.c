#include "broker/frame/frame_ring.h"

#include <string.h>

void dropped_frames_release(struct dropped_frames *dropped) {
    for (unsigned i = 0; i < FRAME_RING_MAX; i++) {
        frame_unref(&dropped->frames[i]);
    }
}

struct frame *frame_ring_newest(const struct frame_ring *ring) {
    return ring->frames[ring->position % ring->capacity];
}

struct frame *frame_ring_push(struct frame_ring *ring, struct frame *frame) {
    ring->position++;
    struct frame **place = &ring->frames[ring->position % ring->capacity];
    struct frame *oldest = *place;
    *place = frame;
    return oldest;
}

void frame_ring_clear(struct frame_ring *ring, struct dropped_frames *dropped) {
    memcpy(dropped->frames, ring->frames, sizeof ring->frames);
    memset(ring->frames, 0, sizeof ring->frames);
}

void frame_ring_resize(struct frame_ring *ring, unsigned capacity, struct dropped_frames *dropped) {
    unsigned before = ring->capacity;
    frame_ring_clear(ring, dropped);
    for (uint64_t age = 0; age < before && age < capacity && age < ring->position; age++) {
        uint64_t position = ring->position - age;
        ring->frames[position % capacity] = dropped->frames[position % before];
        dropped->frames[position % before] = NULL;
    }
    ring->capacity = capacity;
}
