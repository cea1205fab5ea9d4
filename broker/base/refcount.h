/* Reference counts of objects that several threads share. Embedded in the object; starts at 1, for its creator.
 *
 *     struct thing *thing_ref(struct thing *thing) { refcount_take(&thing->references); return thing; }
 *     if (refcount_drop(&thing->references)) { free everything }
 *
 * Threads: any. A thread may take a reference only from one that it holds, or under a lock that keeps the object alive.
 */
#ifndef BROKER_BASE_REFCOUNT_H
#define BROKER_BASE_REFCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>

struct refcount {
    atomic_uint count;
};

static inline void refcount_init(struct refcount *references, unsigned count) {
    atomic_init(&references->count, count);
}

/* Relaxed: the caller has a reference, so the object is visible to it already. */
static inline void refcount_take(struct refcount *references) {
    atomic_fetch_add_explicit(&references->count, 1, memory_order_relaxed);
}

/* True for the last one: the caller frees the object. Release: this thread's use of the object comes before the
 * freeing; acquire: the thread that frees sees everything that the others did. */
static inline bool refcount_drop(struct refcount *references) {
    return atomic_fetch_sub_explicit(&references->count, 1, memory_order_acq_rel) == 1;
}

/* Whether there are references besides the caller's. Acquire, with the release in refcount_drop(): holders that have
 * dropped theirs have finished with the object. */
static inline bool refcount_is_shared(const struct refcount *references) {
    return atomic_load_explicit(&references->count, memory_order_acquire) > 1;
}

#endif
