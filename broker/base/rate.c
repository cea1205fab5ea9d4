#include "broker/base/rate.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#define WINDOW_NS (5 * NS_PER_S)

void rate_add(struct rate *rate, int64_t now_ns) {
    rate->at_ns[rate->count % RATE_SAMPLES] = now_ns;
    rate->count++;
}

/* The time of the nth newest event, from 0. */
static int64_t nth_newest_ns(const struct rate *rate, uint64_t n) {
    return rate->at_ns[(rate->count - 1 - n) % RATE_SAMPLES];
}

double rate_hz(const struct rate *rate, int64_t now_ns) {
    uint64_t known = rate->count < RATE_SAMPLES ? rate->count : RATE_SAMPLES;
    if (known < 2) {
        return 0;
    }
    uint64_t periods = 1; /* at least the newest one, however long */
    while (periods + 1 < known && nth_newest_ns(rate, periods + 1) >= now_ns - WINDOW_NS) {
        periods++;
    }
    int64_t newest_ns = nth_newest_ns(rate, 0);
    int64_t span_ns = newest_ns - nth_newest_ns(rate, periods);
    if (span_ns <= 0) {
        return 0;
    }
    int64_t period_ns = span_ns / (int64_t)periods;
    int64_t silent_ns = now_ns - newest_ns;
    if (silent_ns > 2 * period_ns) { /* late: say so before it has stopped for good */
        if (silent_ns > WINDOW_NS) {
            return 0;
        }
        span_ns += silent_ns;
    }
    return (double)periods * (double)NS_PER_S / (double)span_ns;
}
