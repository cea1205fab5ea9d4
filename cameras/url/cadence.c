#include "cameras/url/cadence.h"

#include "broker/base/saturating.h"

/* The share of a new distance in the mean: one in so many. */
#define PERIOD_WEIGHT 8

bool cadence_is_stall(const struct cadence *cadence, int64_t distance_ns) {
    return cadence->period_ns > 0 && distance_ns > CADENCE_STALL_NS &&
           distance_ns > CADENCE_STALL_PERIODS * cadence->period_ns;
}

void cadence_learn(struct cadence *cadence, int64_t distance_ns) {
    if (cadence->period_ns == 0) {
        cadence->period_ns = distance_ns;
        return;
    }
    int64_t max_ns = CADENCE_STALL_PERIODS * cadence->period_ns;
    cadence->period_ns += (min_i64(distance_ns, max_ns) - cadence->period_ns) / PERIOD_WEIGHT;
}
