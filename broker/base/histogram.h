/* A histogram of durations, for monitoring: how many fell into each of some fixed buckets, and their sum.
 *
 * Threads: any number observe at once, without a lock; a reader may miss what is observed meanwhile. */
#ifndef BROKER_BASE_HISTOGRAM_H
#define BROKER_BASE_HISTOGRAM_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* With the bucket beyond the last bound and the sum, two cache lines. */
#define HISTOGRAM_BOUNDS 14

/* The largest duration of each bucket but the last, which has no bound; ascending. */
extern const int64_t histogram_bounds_ns[HISTOGRAM_BOUNDS];

/* Zeroed: empty. Relaxed: each count stands for itself. */
struct histogram {
    alignas(64) _Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1];
    _Atomic uint64_t sum_ns;
};

/* A negative duration, of clocks that differ, counts as 0. */
void histogram_observe(struct histogram *histogram, int64_t duration_ns);

struct histogram_snapshot {
    uint64_t counts[HISTOGRAM_BOUNDS + 1];
    uint64_t sum_ns;
};
void histogram_read(const struct histogram *histogram, struct histogram_snapshot *snapshot);

#endif
