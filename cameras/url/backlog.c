#include "cameras/url/backlog.h"

bool backlog_is_late(struct backlog *backlog, int64_t now_ns) {
    int64_t distance_ns = now_ns - backlog->last_ns;
    bool first = backlog->last_ns == 0;
    backlog->last_ns = now_ns;
    if (cadence_is_stall(&backlog->cadence, distance_ns)) {
        backlog->catching_up = true;
    } else if (backlog->catching_up && distance_ns < backlog->cadence.period_ns / 2) {
        if (now_ns - backlog->shown_ns < BACKLOG_GLIMPSE_NS) {
            return true;
        }
    } else if (!first) {
        backlog->catching_up = false;
        cadence_learn(&backlog->cadence, distance_ns);
    }
    backlog->shown_ns = now_ns;
    return false;
}
