/* When the next frame of a source with a fixed rate is due: slots at even distances from the start, without drift. A
 * slot that was missed, because its reader came too late, is lost: there are no bursts to catch up.
 *
 * Threads: one at a time. */
#ifndef CAMERAS_PACER_H
#define CAMERAS_PACER_H

#include "cameras/driver.h"

struct pacer {
    int64_t start_ns;   /* monotonic; of slot 0 */
    double interval_ns; /* from slot to slot */
    uint64_t slot;      /* the next one */
};

/* Slot 0 is now. fps: above 0. */
void pacer_init(struct pacer *pacer, double fps);

/* Blocks: until the next slot, which is then taken. *lost grows by the slots that were missed before it. ERR_TIMEOUT
 * at deadline_ns (monotonic) or ERR_INTERRUPTED: the slot is still to come. */
CHECKED enum err pacer_wait(struct pacer *pacer, const struct driver_context *context, int64_t deadline_ns,
                            uint64_t *lost);

#endif
