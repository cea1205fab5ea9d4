/* Thins a stream evenly to a requested number of frames a second.
 *
 * Frames are due at a fixed interval; of the frames that arrive, the one nearest to each due time is let through. The
 * schedule does not drift, so the mean rate is the requested one for any ratio of rates.
 * Threads: none of its own. Plain data: zero it, then set interval_ns. */
#ifndef BROKER_BASE_RATE_LIMITER_H
#define BROKER_BASE_RATE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limiter {
    int64_t interval_ns; /* 0: let everything through */
    int64_t due_ns;      /* when the next frame is due; 0 before the first */
    int64_t last_ns;     /* the capture time of the last frame seen */
};

/* Whether the frame captured at captured_ns (monotonic) goes through. To be called for every frame, in order. *missed
 * gets how many due times have passed without a frame that went through: the caller was too slow for them. */
bool rate_limiter_admits(struct rate_limiter *limiter, int64_t captured_ns, uint64_t *missed);

#endif
