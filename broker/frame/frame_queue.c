#include "broker/frame/frame_queue.h"

#include "broker/base/refcount.h"
#include "broker/base/sync.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64

struct frame_queue {
    struct refcount references;
    struct frame_budget *budget;
    size_t max_bytes;
    struct lock lock;
    struct frame **frames GUARDED_BY(lock); /* a ring of `capacity`, a power of two */
    size_t capacity GUARDED_BY(lock), first GUARDED_BY(lock), count GUARDED_BY(lock);
    size_t bytes GUARDED_BY(lock);
    uint64_t dropped GUARDED_BY(lock);
};

enum err frame_queue_create(struct frame_budget *budget, size_t max_bytes, struct frame_queue **out) {
    struct frame_queue *queue = calloc(1, sizeof *queue);
    struct frame **frames = calloc(FIRST_CAPACITY, sizeof(struct frame *));
    if (queue == NULL || frames == NULL) {
        free(queue);
        free(frames);
        return ERR_MEMORY;
    }
    refcount_init(&queue->references, 1);
    lock_init(&queue->lock);
    queue->budget = budget;
    queue->max_bytes = max_bytes;
    queue->frames = frames;
    queue->capacity = FIRST_CAPACITY;
    *out = queue;
    return ERR_OK;
}

struct frame_queue *frame_queue_ref(struct frame_queue *queue) {
    refcount_take(&queue->references);
    return queue;
}

static size_t bytes_of(const struct frame *frame) { return frame_part(frame).count; }

/* The caller's, or NULL. */
static struct frame *pop_locked(struct frame_queue *queue) REQUIRES(&queue->lock) {
    if (queue->count == 0) {
        return NULL;
    }
    struct frame *frame = queue->frames[queue->first];
    queue->first = (queue->first + 1) & (queue->capacity - 1);
    queue->count--;
    queue->bytes -= bytes_of(frame);
    atomic_fetch_sub_explicit(&queue->budget->bytes, bytes_of(frame), memory_order_relaxed);
    return frame;
}

static struct frame *pop(struct frame_queue *queue) {
    lock_acquire(&queue->lock);
    struct frame *frame = pop_locked(queue);
    lock_release(&queue->lock);
    return frame;
}

void frame_queue_clear(struct frame_queue *queue) {
    for (struct frame *frame; (frame = pop(queue)) != NULL;) {
        frame_unref(&frame);
    }
}

void frame_queue_unref(struct frame_queue **queue_pointer) {
    struct frame_queue *queue = *queue_pointer;
    *queue_pointer = NULL;
    if (queue == NULL || !refcount_drop(&queue->references)) {
        return;
    }
    frame_queue_clear(queue);
    lock_finish(&queue->lock);
    free(queue->frames);
    free(queue);
}

/* False: no memory. */
static bool make_place_locked(struct frame_queue *queue) REQUIRES(&queue->lock) {
    if (queue->count < queue->capacity) {
        return true;
    }
    struct frame **grown = calloc(queue->capacity * 2, sizeof(struct frame *));
    if (grown == NULL) {
        return false;
    }
    for (size_t i = 0; i < queue->count; i++) {
        grown[i] = queue->frames[(queue->first + i) & (queue->capacity - 1)];
    }
    free(queue->frames);
    queue->frames = grown;
    queue->first = 0;
    queue->capacity *= 2;
    return true;
}

static bool has_room_locked(const struct frame_queue *queue, size_t bytes) REQUIRES(&queue->lock) {
    return queue->bytes + bytes <= queue->max_bytes &&
           atomic_load_explicit(&queue->budget->bytes, memory_order_relaxed) + bytes <= queue->budget->max_bytes;
}

/* True: the frame is in. False: *dropped, which may be the frame itself, has to go before another try. */
static bool try_push(struct frame_queue *queue, struct frame **frame, struct frame **dropped) {
    const size_t bytes = bytes_of(*frame);
    lock_acquire(&queue->lock);
    bool fits = has_room_locked(queue, bytes) && make_place_locked(queue);
    if (fits) {
        queue->frames[(queue->first + queue->count++) & (queue->capacity - 1)] = *frame;
        queue->bytes += bytes;
        atomic_fetch_add_explicit(&queue->budget->bytes, bytes, memory_order_relaxed);
        *frame = NULL;
    } else {
        *dropped = pop_locked(queue);
        queue->dropped++;
    }
    lock_release(&queue->lock);
    if (!fits && *dropped == NULL) {
        *dropped = *frame;
        *frame = NULL;
    }
    return fits;
}

void frame_queue_push(struct frame_queue *queue, struct frame **frame) {
    struct frame *dropped = NULL;
    while (*frame != NULL && !try_push(queue, frame, &dropped)) {
        frame_unref(&dropped);
    }
}

struct frame *frame_queue_oldest(struct frame_queue *queue) {
    lock_acquire(&queue->lock);
    struct frame *frame = queue->count > 0 ? frame_ref(queue->frames[queue->first]) : NULL;
    lock_release(&queue->lock);
    return frame;
}

void frame_queue_remove(struct frame_queue *queue, const struct frame *frame) {
    struct frame *removed = NULL;
    lock_acquire(&queue->lock);
    if (queue->count > 0 && queue->frames[queue->first] == frame) {
        removed = pop_locked(queue);
    }
    lock_release(&queue->lock);
    frame_unref(&removed);
}

bool frame_queue_is_tight(struct frame_queue *queue) {
    lock_acquire(&queue->lock);
    bool is_tight = queue->bytes > queue->max_bytes / 2;
    lock_release(&queue->lock);
    return is_tight || atomic_load_explicit(&queue->budget->bytes, memory_order_relaxed) > queue->budget->max_bytes / 2;
}

uint64_t frame_queue_take_dropped(struct frame_queue *queue) {
    lock_acquire(&queue->lock);
    uint64_t dropped = queue->dropped;
    queue->dropped = 0;
    lock_release(&queue->lock);
    return dropped;
}
