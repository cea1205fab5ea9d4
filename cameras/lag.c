#include "cameras/lag.h"

/* How much a clock may be off: one part in so many. */
#define DRIFT 500

static void begin_again(struct lag *lag, int64_t offset_ns) {
    lag->offset_ns = offset_ns;
    lag->late_since_ns = 0;
    lag->leaving_out = false;
}

bool lag_leaves_out(struct lag *lag, int64_t time_ns, int64_t now_ns, int64_t waited_ns) {
    const int64_t offset_ns = now_ns - time_ns;
    const int64_t passed_ns = now_ns - lag->noted_ns;
    const bool first = lag->noted_ns == 0, waited = waited_ns >= LAG_WAIT_NS;
    lag->noted_ns = now_ns;
    if (first || offset_ns < lag->offset_ns || (waited && lag->leaving_out)) {
        begin_again(lag, offset_ns);
        return false;
    }
    if (waited) {
        const int64_t behind_ns = offset_ns - lag->offset_ns, drifted_ns = passed_ns / DRIFT;
        lag->offset_ns += behind_ns < drifted_ns ? behind_ns : drifted_ns;
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
