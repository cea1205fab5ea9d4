#include "cameras/backlog.h"

/* A pause is a stall when it is longer than this, and than so many periods. */
#define STALL_NS (300 * NS_PER_MS)
#define STALL_PERIODS 5
/* The share of a new distance in the usual one. */
#define PERIOD_WEIGHT 8

static bool is_stall(const struct backlog *backlog, int64_t distance_ns) {
    return backlog->period_ns > 0 && distance_ns > STALL_NS && distance_ns > STALL_PERIODS * backlog->period_ns;
}

bool backlog_is_late(struct backlog *backlog, int64_t now_ns) {
    int64_t distance_ns = now_ns - backlog->last_ns;
    bool first = backlog->last_ns == 0;
    backlog->last_ns = now_ns;
    if (is_stall(backlog, distance_ns)) {
        backlog->catching_up = true;
    } else if (backlog->catching_up && distance_ns < backlog->period_ns / 2) {
        if (now_ns - backlog->shown_ns < BACKLOG_GLIMPSE_NS) {
            return true;
        }
    } else if (!first) {
        backlog->catching_up = false;
        backlog->period_ns +=
            backlog->period_ns == 0 ? distance_ns : (distance_ns - backlog->period_ns) / PERIOD_WEIGHT;
    }
    backlog->shown_ns = now_ns;
    return false;
}
