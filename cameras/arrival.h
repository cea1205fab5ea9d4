/* Tells when something appears in a directory, such as the node of a camera that is plugged in again.
 *
 * Threads: one at a time. */
#ifndef CAMERAS_ARRIVAL_H
#define CAMERAS_ARRIVAL_H

#include "broker/sync.h"

struct arrival {
    int fd;           /* -1: nothing will ever be told */
    const char *name; /* borrowed */
};

/* path: whatever appears in its directory under a name that begins as its own does. NULL, or a directory that cannot
 * be watched: nothing will be told. path is borrowed. */
void arrival_init(struct arrival *arrival, const char *path);
void arrival_finish(struct arrival *arrival);

/* Forgets what has appeared so far. */
void arrival_clear(struct arrival *arrival);
/* Blocks: until something has appeared since (true), the event is set, or deadline_ns (monotonic) has passed. */
CHECKED bool arrival_wait(struct arrival *arrival, struct event *event, int64_t deadline_ns);

#endif
