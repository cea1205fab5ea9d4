/* The usual distance between the packets or frames of a source, as a running mean, and which pauses are stalls.
 * Threads: one at a time. */
#ifndef CAMERAS_URL_CADENCE_H
#define CAMERAS_URL_CADENCE_H

#include "broker/base/clock.h"

#include <stdbool.h>

/* A pause is a stall beyond this time and this many usual distances. */
#define CADENCE_STALL_NS (300 * NS_PER_MS)
#define CADENCE_STALL_PERIODS 5

/* Zeroed before the first distance. */
struct cadence {
    int64_t period_ns; /* 0: unknown */
};

bool cadence_is_stall(const struct cadence *cadence, int64_t distance_ns);
/* A stall counts little, but a source that has become slower is known for it in the end. */
void cadence_learn(struct cadence *cadence, int64_t distance_ns);

#endif
