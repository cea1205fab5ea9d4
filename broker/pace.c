#include "broker/pace.h"

bool pace_admits(struct pace *pace, int64_t captured_ns, uint64_t *missed) {
    *missed = 0;
    if (pace->interval_ns == 0) {
        return true;
    }
    int64_t period_ns = captured_ns - pace->last_ns;
    bool first = pace->due_ns == 0;
    pace->last_ns = captured_ns;
    if (first) {
        pace->due_ns = captured_ns + pace->interval_ns;
        return true;
    }
    if (period_ns > pace->interval_ns) {
        period_ns = pace->interval_ns;
    }
    if (captured_ns < pace->due_ns - period_ns / 2) {
        return false;
    }
    int64_t late_ns = captured_ns - pace->due_ns;
    if (late_ns >= pace->interval_ns) {
        int64_t passed = late_ns / pace->interval_ns;
        *missed = (uint64_t)passed;
        pace->due_ns += passed * pace->interval_ns;
    }
    pace->due_ns += pace->interval_ns;
    return true;
}
