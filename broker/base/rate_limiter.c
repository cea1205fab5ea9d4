#include "broker/base/rate_limiter.h"

bool rate_limiter_admits(struct rate_limiter *limiter, int64_t captured_ns, uint64_t *missed) {
    *missed = 0;
    if (limiter->interval_ns == 0) {
        return true;
    }
    int64_t period_ns = captured_ns - limiter->last_ns;
    bool first = limiter->due_ns == 0;
    limiter->last_ns = captured_ns;
    if (first) {
        limiter->due_ns = captured_ns + limiter->interval_ns;
        return true;
    }
    if (period_ns > limiter->interval_ns) {
        period_ns = limiter->interval_ns;
    }
    if (captured_ns < limiter->due_ns - period_ns / 2) {
        return false;
    }
    int64_t late_ns = captured_ns - limiter->due_ns;
    if (late_ns >= limiter->interval_ns) {
        int64_t passed = late_ns / limiter->interval_ns;
        *missed = (uint64_t)passed;
        limiter->due_ns += passed * limiter->interval_ns;
    }
    limiter->due_ns += limiter->interval_ns;
    return true;
}
