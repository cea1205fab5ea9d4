#include "broker/base/histogram.h"

#include "broker/base/clock.h"

const int64_t histogram_bounds_ns[HISTOGRAM_BOUNDS] = {
    250 * NS_PER_US, 500 * NS_PER_US, 1 * NS_PER_MS,    2500 * NS_PER_US, 5 * NS_PER_MS,
    10 * NS_PER_MS,  25 * NS_PER_MS,  50 * NS_PER_MS,   100 * NS_PER_MS,  250 * NS_PER_MS,
    500 * NS_PER_MS, 1 * NS_PER_S,    2500 * NS_PER_MS, 5 * NS_PER_S,
};

void histogram_observe(struct histogram *histogram, int64_t duration_ns) {
    if (duration_ns < 0) {
        duration_ns = 0;
    }
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BOUNDS && duration_ns > histogram_bounds_ns[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, (uint64_t)duration_ns, memory_order_relaxed);
}

void histogram_read(const struct histogram *histogram, struct histogram_snapshot *snapshot) {
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        snapshot->counts[i] = atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
    }
    snapshot->sum_ns = atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed);
}
