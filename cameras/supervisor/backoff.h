/* How long to wait before trying again: twice as long each time up to a limit, with jitter of a fifth either way, so
 * that cameras which failed together do not come back together.
 * Threads: one at a time. */
#ifndef CAMERAS_SUPERVISOR_BACKOFF_H
#define CAMERAS_SUPERVISOR_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ns, max_ns; /* before jitter */
    int64_t next_ns;
    uint64_t random;
};

/* seed: anything that differs from one user to the next. */
void backoff_init(struct backoff *backoff, int64_t first_ns, int64_t max_ns, uint64_t seed);
/* The next wait is the first again. */
void backoff_reset(struct backoff *backoff);
/* How long to wait this time, in nanoseconds. */
int64_t backoff_next(struct backoff *backoff);

#endif
