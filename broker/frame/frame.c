#include "broker/frame/frame.h"

#include "broker/base/arena.h"
#include "broker/base/refcount.h"
#include "broker/base/sync.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* Memory comes in sizes of 2^k and 1.5 * 2^k, from 16 KiB up, so that frames of about one size share their memory and
 * at most a third of it is spare. */
#define SMALLEST_CLASS_BYTES ((size_t)16 << 10)
#define CLASS_COUNT 27
/* What the pool keeps for reuse at most; beyond it memory goes back to the system. */
#define KEPT_MAX_BYTES ((size_t)64 << 20)

#define FRONT_BYTES (FRAME_HEAD_MAX_BYTES + FRAME_PREPEND_MAX_BYTES)

struct frame {
    struct refcount references;
    struct frame_pool *pool;
    SLIST_ENTRY(frame) in_kept;
    unsigned size_class;
    size_t memory_bytes;
    size_t start; /* of the payload in memory */
    size_t size;
    size_t head_bytes, tail_bytes;
    struct frame_info info;
    struct frame_masks masks;
    uint8_t memory[];
};

SLIST_HEAD(frame_list, frame);

struct frame_pool {
    struct lock lock;
    struct frame_list kept[CLASS_COUNT] GUARDED_BY(lock);
    size_t kept_bytes GUARDED_BY(lock);
    size_t frames GUARDED_BY(lock); /* in use and kept */
    size_t bytes GUARDED_BY(lock);
    uint64_t allocations GUARDED_BY(lock);
    size_t in_use GUARDED_BY(lock);
    bool destroyed GUARDED_BY(lock);
};

const char *frame_format_name(enum frame_format format) {
    switch (format) {
    case FRAME_JPEG: return "MJPEG";
    case FRAME_I420: return "YU12";
    case FRAME_NV12: return "NV12";
    case FRAME_YUYV: return "YUYV";
    case FRAME_YVYU: return "YVYU";
    case FRAME_UYVY: return "UYVY";
    case FRAME_GREY: return "GREY";
    }
    return "unknown";
}

static size_t class_bytes(unsigned size_class) {
    size_t power = SMALLEST_CLASS_BYTES << (size_class / 2);
    return size_class % 2 == 0 ? power : power + power / 2;
}

static unsigned class_for(size_t bytes) {
    unsigned size_class = 0;
    while (class_bytes(size_class) < bytes) {
        size_class++;
    }
    assert(size_class < CLASS_COUNT);
    return size_class;
}

enum err frame_pool_create(struct frame_pool **out) {
    struct frame_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&pool->lock);
    *out = pool;
    return ERR_OK;
}

static void pool_free(struct frame_pool *pool) {
    lock_finish(&pool->lock);
    free(pool);
}

static void free_frames(struct frame_list *list) {
    while (!SLIST_EMPTY(list)) {
        struct frame *frame = SLIST_FIRST(list);
        SLIST_REMOVE_HEAD(list, in_kept);
        free(frame);
    }
}

void frame_pool_destroy(struct frame_pool **pool_pointer) {
    struct frame_pool *pool = *pool_pointer;
    *pool_pointer = NULL;
    if (pool == NULL) {
        return;
    }
    struct frame_list kept[CLASS_COUNT];
    lock_acquire(&pool->lock);
    memcpy(kept, pool->kept, sizeof kept);
    memset(pool->kept, 0, sizeof pool->kept);
    pool->destroyed = true;
    bool unused = pool->in_use == 0;
    lock_release(&pool->lock);
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        free_frames(&kept[i]);
    }
    if (unused) {
        pool_free(pool);
    }
}

struct frame_pool_usage frame_pool_usage(struct frame_pool *pool) {
    lock_acquire(&pool->lock);
    struct frame_pool_usage usage = {.frames = pool->frames, .bytes = pool->bytes, .allocations = pool->allocations};
    lock_release(&pool->lock);
    return usage;
}

/* A kept frame of the class, or NULL after counting the one that the caller allocates instead. */
static struct frame *take_kept(struct frame_pool *pool, unsigned size_class) {
    lock_acquire(&pool->lock);
    struct frame *frame = SLIST_FIRST(&pool->kept[size_class]);
    if (frame != NULL) {
        SLIST_REMOVE_HEAD(&pool->kept[size_class], in_kept);
        pool->kept_bytes -= frame->memory_bytes;
    } else {
        pool->frames++;
        pool->bytes += class_bytes(size_class);
        pool->allocations++;
    }
    pool->in_use++;
    lock_release(&pool->lock);
    return frame;
}

static void uncount(struct frame_pool *pool, unsigned size_class) REQUIRES(&pool->lock) {
    pool->frames--;
    pool->bytes -= class_bytes(size_class);
}

enum err frame_create(struct frame_pool *pool, size_t capacity_bytes, struct frame **out) {
    if (capacity_bytes > FRAME_PAYLOAD_MAX_BYTES) {
        return ERR_INVALID;
    }
    unsigned size_class = class_for(FRONT_BYTES + capacity_bytes + FRAME_TAIL_MAX_BYTES);
    size_t memory_bytes = class_bytes(size_class);
    struct frame *frame = take_kept(pool, size_class);
    if (frame == NULL) {
        frame = malloc(sizeof *frame + memory_bytes);
    }
    if (frame == NULL) {
        lock_acquire(&pool->lock);
        uncount(pool, size_class);
        pool->in_use--;
        lock_release(&pool->lock);
        return ERR_MEMORY;
    }
    *frame = (struct frame){.pool = pool, .size_class = size_class, .memory_bytes = memory_bytes, .start = FRONT_BYTES};
    refcount_init(&frame->references, 1);
    *out = frame;
    return ERR_OK;
}

enum err frame_grow(struct frame **frame_pointer, size_t capacity_bytes) {
    struct frame *old = *frame_pointer;
    if (frame_capacity(old) >= capacity_bytes) {
        return ERR_OK;
    }
    struct frame *grown;
    enum err error = frame_create(old->pool, capacity_bytes, &grown);
    if (error != ERR_OK) {
        return error;
    }
    grown->info = old->info;
    grown->size = old->size;
    memcpy(frame_data(grown), frame_data(old), old->size);
    frame_unref(frame_pointer);
    *frame_pointer = grown;
    return ERR_OK;
}

uint8_t *frame_data(struct frame *frame) { return frame->memory + frame->start; }

size_t frame_capacity(const struct frame *frame) { return frame->memory_bytes - frame->start - FRAME_TAIL_MAX_BYTES; }

void frame_set_size(struct frame *frame, size_t payload_bytes) {
    assert(payload_bytes <= frame_capacity(frame));
    frame->size = payload_bytes;
}

uint8_t *frame_prepend(struct frame *frame, size_t bytes) {
    assert(bytes + FRAME_HEAD_MAX_BYTES <= frame->start);
    frame->start -= bytes;
    frame->size += bytes;
    return frame_data(frame);
}

void frame_drop_front(struct frame *frame, size_t bytes) {
    assert(bytes <= frame_capacity(frame));
    frame->start += bytes;
    frame->size = 0;
}

struct frame_info *frame_edit_info(struct frame *frame) {
    return &frame->info;
}

void frame_seal(struct frame *frame, const struct frame_envelope *envelope, const char *id) {
    frame->head_bytes = 0;
    frame->tail_bytes = 0;
    if (envelope == NULL) {
        return;
    }
    if (envelope->write_head != NULL) {
        char head[FRAME_HEAD_MAX_BYTES];
        frame->head_bytes = envelope->write_head(head, id, &frame->info, frame->size);
        assert(frame->head_bytes <= sizeof head);
        memcpy(frame_data(frame) - frame->head_bytes, head, frame->head_bytes);
    }
    if (envelope->tail != NULL) {
        frame->tail_bytes = strlen(envelope->tail);
        assert(frame->tail_bytes <= FRAME_TAIL_MAX_BYTES);
        memcpy(frame_data(frame) + frame->size, envelope->tail, frame->tail_bytes);
    }
}

const struct frame_info *frame_info(const struct frame *frame) { return &frame->info; }

struct span frame_payload(const struct frame *frame) {
    return (struct span){.bytes = frame->memory + frame->start, .count = frame->size};
}

struct span frame_part(const struct frame *frame) {
    return (struct span){.bytes = frame->memory + frame->start - frame->head_bytes,
                         .count = frame->head_bytes + frame->size + frame->tail_bytes};
}

struct frame *frame_ref(struct frame *frame) {
    refcount_take(&frame->references);
    return frame;
}

/* Keeps the memory for the next frame, or gives it back to the system. */
void frame_set_masks(struct frame *frame, const struct frame_masks *masks) {
    assert(frame->masks.count == 0);
    frame->masks = *masks;
    arena_ref(frame->masks.arena);
}

const struct frame_masks *frame_masks(const struct frame *frame) { return &frame->masks; }

static void recycle(struct frame *frame) {
    arena_unref(&frame->masks.arena);
    struct frame_pool *pool = frame->pool;
    lock_acquire(&pool->lock);
    bool keep = !pool->destroyed && pool->kept_bytes + frame->memory_bytes <= KEPT_MAX_BYTES;
    if (keep) {
        SLIST_INSERT_HEAD(&pool->kept[frame->size_class], frame, in_kept);
        pool->kept_bytes += frame->memory_bytes;
    } else {
        uncount(pool, frame->size_class);
    }
    pool->in_use--;
    bool last = pool->destroyed && pool->in_use == 0;
    lock_release(&pool->lock);
    if (!keep) {
        free(frame);
    }
    if (last) {
        pool_free(pool);
    }
}

void frame_unref(struct frame **frame_pointer) {
    struct frame *frame = *frame_pointer;
    *frame_pointer = NULL;
    if (frame != NULL && refcount_drop(&frame->references)) {
        recycle(frame);
    }
}
