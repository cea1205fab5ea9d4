#include "cameras/ticker.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

void ticker_init(struct ticker *ticker, double fps) {
    *ticker = (struct ticker){.start_ns = clock_monotonic_ns(), .interval_ns = (double)NS_PER_S / fps};
}

enum err ticker_wait(struct ticker *ticker, const struct driver_context *context, int64_t deadline_ns, uint64_t *lost) {
    int64_t due_ns = ticker->start_ns + (int64_t)((double)ticker->slot * ticker->interval_ns);
    enum err error = driver_sleep_until(context, min_i64(due_ns, deadline_ns));
    if (error != ERR_OK) {
        return error;
    }
    if (deadline_ns < due_ns) {
        return ERR_TIMEOUT;
    }
    uint64_t missed = (uint64_t)((double)(clock_monotonic_ns() - due_ns) / ticker->interval_ns);
    ticker->slot += missed + 1;
    *lost += missed;
    return ERR_OK;
}
