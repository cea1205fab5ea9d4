/* Whether a live source's packets are taken later and later: because decoding is slower than the camera, or because
 * there was a stall and what was sent meanwhile is still to be worked off.
 *
 * Late is a packet that comes later, against its own time, than the last one that had to be waited for: then there was
 * nothing left to read. So it does not matter what time the source's clock shows, nor how fast it runs: many cameras
 * count frames at another rate than they send them. A wait that is long for the source tells nothing, since what was
 * held up may follow. Who stays late for LAG_PATIENCE_NS has to leave out packets until he has to wait for one:
 * only then is the newest reached. Threads: one at a time. */
#ifndef CAMERAS_LAG_H
#define CAMERAS_LAG_H

#include "broker/clock.h"

#include <stdbool.h>

#define LAG_MAX_NS (400 * NS_PER_MS)
#define LAG_PATIENCE_NS (600 * NS_PER_MS)
#define LAG_HARDLY_NS (50 * NS_PER_MS)
/* A wait for so long tells that there was nothing left to read. */
#define LAG_WAIT_NS (5 * NS_PER_MS)
/* A wait is long beyond this, and beyond so many of the usual distances between packets. */
#define LAG_STALL_NS (300 * NS_PER_MS)
#define LAG_STALL_PERIODS 5

/* Zeroed before the first packet. */
struct lag {
    int64_t offset_ns;     /* from a packet's time to its arrival, when nothing was left to read */
    int64_t noted_ns;      /* when the last packet came; 0: none yet */
    int64_t period_ns;     /* from one packet to the next, usually */
    int64_t late_since_ns; /* 0: not late */
    bool leaving_out;
};

/* The packet of time_ns, by the source's clock, came at now_ns (monotonic) after so long a wait. True: leave it out. */
bool lag_leaves_out(struct lag *lag, int64_t time_ns, int64_t now_ns, int64_t waited_ns);

#endif
