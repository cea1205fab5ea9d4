#include "cameras/url/ffmpeg/lag.h"

#include "broker/base/saturating.h"

static void begin_again(struct lag *lag, int64_t offset_ns) {
    lag->offset_ns = offset_ns;
    lag->late_since_ns = 0;
    lag->leaving_out = false;
}

bool lag_leaves_out(struct lag *lag, int64_t time_ns, int64_t now_ns, int64_t waited_ns) {
    const int64_t offset_ns = subtract_i64(now_ns, time_ns);
    const int64_t distance_ns = now_ns - lag->noted_ns;
    const bool first = lag->noted_ns == 0, waited = waited_ns >= LAG_WAIT_NS;
    const bool stalled = waited_ns > CADENCE_STALL_NS && cadence_is_stall(&lag->cadence, distance_ns);
    lag->noted_ns = now_ns;
    if (!first) {
        cadence_learn(&lag->cadence, distance_ns);
    }
    if (first || offset_ns < lag->offset_ns || (waited && (!stalled || lag->leaving_out))) {
        begin_again(lag, offset_ns);
        return false;
    }
    const int64_t max_ns = lag->leaving_out ? LAG_SMALL_NS : LAG_MAX_NS;
    if (subtract_i64(offset_ns, lag->offset_ns) <= max_ns) {
        lag->late_since_ns = 0;
        lag->leaving_out = false;
    } else if (lag->late_since_ns == 0) {
        lag->late_since_ns = now_ns;
    } else if (now_ns - lag->late_since_ns >= LAG_PATIENCE_NS) {
        lag->leaving_out = true;
    }
    return lag->leaving_out;
}
