/* When the next frame of a source with a fixed rate is due: slots at even distances from the start, without drift. A
 * slot that was missed, because its reader came too late, is lost: there are no bursts to catch up.
 *
 * Threads: one at a time. */
#ifndef CAMERAS_TICKER_H
#define CAMERAS_TICKER_H

#include "cameras/driver.h"

struct ticker {
    int64_t start_ns;   /* monotonic; of slot 0 */
    double interval_ns; /* from slot to slot */
    uint64_t slot;      /* the next one */
};

/* Slot 0 is now. fps: above 0. */
void ticker_init(struct ticker *ticker, double fps);

/* Blocks: until the next slot, which is then taken. *lost grows by the slots that were missed before it. ERR_TIMEOUT
 * at deadline_ns (monotonic) or ERR_INTERRUPTED: the slot is still to come. */
CHECKED enum err ticker_wait(struct ticker *ticker, const struct driver_context *context, int64_t deadline_ns,
                             uint64_t *lost);

#endif
