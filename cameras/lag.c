#include "cameras/lag.h"

/* The share of a new distance in the usual one. */
#define PERIOD_WEIGHT 8

static void begin_again(struct lag *lag, int64_t offset_ns) {
    lag->offset_ns = offset_ns;
    lag->late_since_ns = 0;
    lag->leaving_out = false;
}

/* The wait before a packet that came so long after the one before it. */
static bool is_stall(const struct lag *lag, int64_t waited_ns, int64_t distance_ns) {
    return lag->period_ns > 0 && waited_ns > LAG_STALL_NS && distance_ns > LAG_STALL_PERIODS * lag->period_ns;
}

/* A stall counts little, but a source that has become slower is known for it in the end. */
static void learn_period(struct lag *lag, int64_t distance_ns) {
    if (lag->period_ns == 0) {
        lag->period_ns = distance_ns;
        return;
    }
    const int64_t most_ns = LAG_STALL_PERIODS * lag->period_ns;
    lag->period_ns += ((distance_ns < most_ns ? distance_ns : most_ns) - lag->period_ns) / PERIOD_WEIGHT;
}

bool lag_leaves_out(struct lag *lag, int64_t time_ns, int64_t now_ns, int64_t waited_ns) {
    const int64_t offset_ns = now_ns - time_ns;
    const int64_t distance_ns = now_ns - lag->noted_ns;
    const bool first = lag->noted_ns == 0, waited = waited_ns >= LAG_WAIT_NS;
    const bool stalled = !first && is_stall(lag, waited_ns, distance_ns);
    lag->noted_ns = now_ns;
    if (!first) {
        learn_period(lag, distance_ns);
    }
    if (first || offset_ns < lag->offset_ns || (waited && (!stalled || lag->leaving_out))) {
        begin_again(lag, offset_ns);
        return false;
    }
    const int64_t most_ns = lag->leaving_out ? LAG_HARDLY_NS : LAG_MAX_NS;
    if (offset_ns - lag->offset_ns <= most_ns) {
        lag->late_since_ns = 0;
        lag->leaving_out = false;
    } else if (lag->late_since_ns == 0) {
        lag->late_since_ns = now_ns;
    } else if (now_ns - lag->late_since_ns >= LAG_PATIENCE_NS) {
        lag->leaving_out = true;
    }
    return lag->leaving_out;
}
