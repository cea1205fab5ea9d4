/* How often something happens: events a second over the last few seconds.
 * Threads: none of its own; the owner's lock guards it. */
#ifndef BROKER_BASE_RATE_H
#define BROKER_BASE_RATE_H

#include <stdint.h>

#define RATE_SAMPLES 32

struct rate {
    int64_t at_ns[RATE_SAMPLES]; /* a ring, the newest at (count - 1) % RATE_SAMPLES */
    uint64_t count;
};

void rate_add(struct rate *rate, int64_t now_ns);
/* 0 when it has stopped: five seconds without an event, or two periods where those are longer. */
double rate_hz(const struct rate *rate, int64_t now_ns);

#endif
