/* Thinning a stream to a wish of frames a second, evenly.
 *
 * Frames are due at a fixed interval; of the frames that come, the one nearest to each due time is let through. The
 * schedule does not drift, so the mean rate is the wished one for any ratio of rates.
 * Threads: none of its own. Plain data: zero it, then set interval_ns. */
#ifndef BROKER_PACE_H
#define BROKER_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    int64_t interval_ns; /* 0: let everything through */
    int64_t due_ns;      /* when the next frame is due; 0 before the first */
    int64_t last_ns;     /* the capture time of the last frame seen */
};

/* Whether the frame captured at captured_ns (monotonic) goes through. Every frame is shown to it, in order. *missed
 * gets how many due times have passed without a frame that went through: frames that whoever asks was too slow for. */
bool pace_admits(struct pace *pace, int64_t captured_ns, uint64_t *missed);

#endif
