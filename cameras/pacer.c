#include "cameras/pacer.h"

#include "broker/clock.h"

void pacer_init(struct pacer *pacer, double fps) {
    *pacer = (struct pacer){.start_ns = clock_monotonic_ns(), .interval_ns = (double)NS_PER_S / fps};
}

enum err pacer_wait(struct pacer *pacer, const struct driver_context *context, int64_t deadline_ns, uint64_t *lost) {
    int64_t due_ns = pacer->start_ns + (int64_t)((double)pacer->slot * pacer->interval_ns);
    enum err error = driver_sleep_until(context, due_ns < deadline_ns ? due_ns : deadline_ns);
    if (error != ERR_OK) {
        return error;
    }
    if (deadline_ns < due_ns) {
        return ERR_TIMEOUT;
    }
    uint64_t missed = (uint64_t)((double)(clock_monotonic_ns() - due_ns) / pacer->interval_ns);
    pacer->slot += missed + 1;
    *lost += missed;
    return ERR_OK;
}
