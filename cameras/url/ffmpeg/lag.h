/* Whether a live source's packets are taken later and later: because decoding is slower than the camera, or because a
 * stall has left a backlog.
 *
 * A packet is late if it comes later, against its own time, than the last one that had to be waited for: then nothing
 * was left to read. So neither the time that the source's clock shows nor its speed matters: many cameras count frames
 * at another rate than they send them. After a wait that is a stall (cadence.h) nothing is known, since what was held
 * up may follow. A reader that stays late for LAG_PATIENCE_NS leaves out packets until it has to wait for one: then it
 * has reached the newest. Threads: one at a time. */
#ifndef CAMERAS_URL_FFMPEG_LAG_H
#define CAMERAS_URL_FFMPEG_LAG_H

#include "cameras/url/cadence.h"

#define LAG_MAX_NS (400 * NS_PER_MS)
#define LAG_PATIENCE_NS (600 * NS_PER_MS)
/* Packets are left out until the lag is below this. */
#define LAG_SMALL_NS (50 * NS_PER_MS)
/* After a wait of this length, nothing was left to read. */
#define LAG_WAIT_NS (5 * NS_PER_MS)

/* Zeroed before the first packet. */
struct lag {
    int64_t offset_ns;     /* from a packet's time to its arrival, when nothing was left to read */
    int64_t noted_ns;      /* when the last packet came; 0: none yet */
    int64_t late_since_ns; /* 0: not late */
    bool leaving_out;
    struct cadence cadence;
};

/* The packet of time_ns, by the source's clock, came at now_ns (monotonic) after so long a wait. True: leave it out. */
bool lag_leaves_out(struct lag *lag, int64_t time_ns, int64_t now_ns, int64_t waited_ns);

#endif
