/* Smaller and larger of two numbers, and sums that stop at the limits of their type instead of overflowing: for times
 * and counts that come from files, devices and peers.
 * Threads: any. */
#ifndef BROKER_BASE_SATURATING_H
#define BROKER_BASE_SATURATING_H

#include <stddef.h>
#include <stdint.h>

static inline int64_t min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max_i64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

static inline int64_t add_i64(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

static inline int64_t subtract_i64(int64_t a, int64_t b) {
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return b < 0 ? INT64_MAX : INT64_MIN;
    }
    return difference;
}

static inline int64_t multiply_i64(int64_t a, int64_t b) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return (a > 0) == (b > 0) ? INT64_MAX : INT64_MIN;
    }
    return product;
}

/* Counters stop at INT64_MAX: that is what readers with signed numbers, such as those of JSON, can still show. */
static inline uint64_t add_count(uint64_t count, uint64_t more) {
    return more > INT64_MAX || count > INT64_MAX - more ? INT64_MAX : count + more;
}

#endif
