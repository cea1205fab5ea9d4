/* One call of a driver that may block, and how it is cut short.
 *
 *     idle --begin--> running --end--> idle
 *                        | expire (the watchdog, once the deadline and the grace have passed)
 *                        v
 *                     expired --end--> idle
 *
 * The driver polls the cancel event. It is set when the call expires, when the result is no longer needed, and at the
 * end of the camera; it stays set until driver_call_clear().
 *
 * Threads: begin, end and clear: the camera's; the rest: any. */
#ifndef CAMERAS_SUPERVISOR_DRIVER_CALL_H
#define CAMERAS_SUPERVISOR_DRIVER_CALL_H

#include "broker/base/sync.h"

#include <stdatomic.h>

struct driver_call {
    struct event cancel;         /* borrowed by the driver */
    int64_t grace_ns;            /* a call that exceeds its deadline by this long expires */
    _Atomic int64_t deadline_ns; /* or one of the other states; sequentially consistent, see driver_call_begin() */
};

/* ERR_IO and others: no descriptor is left; then nothing is to be finished. */
CHECKED enum err driver_call_init(struct driver_call *call, int64_t grace_ns);
void driver_call_finish(struct driver_call *call);

/* Forgets a cancellation. */
void driver_call_clear(struct driver_call *call);

/* Begins a call that should return by deadline_ns (monotonic). Returns when the watchdog has to look at it. Check after
 * it whether the call is still needed, and call driver_call_end() in either case: a demand that ends at this moment is
 * seen by that check or by driver_call_cancel(). */
int64_t driver_call_begin(struct driver_call *call, int64_t deadline_ns);
/* False: the call had expired. */
CHECKED bool driver_call_end(struct driver_call *call);

/* Cancels the call under way; does nothing between calls. */
void driver_call_cancel(struct driver_call *call);
/* Cancels the call under way, and each further one at once. */
void driver_call_stop(struct driver_call *call);
/* Cancels a call that is overdue at now_ns. True: it has just expired. False: *look_at_ns is when to look again;
 * CLOCK_NEVER: not before the next call. */
CHECKED bool driver_call_expire(struct driver_call *call, int64_t now_ns, int64_t *look_at_ns);

#endif
