/* Waits for a device node to appear, such as that of a camera that is plugged in again.
 *
 * Threads: one at a time. */
#ifndef CAMERAS_SUPERVISOR_DEVICE_WATCH_H
#define CAMERAS_SUPERVISOR_DEVICE_WATCH_H

#include "broker/base/sync.h"

struct device_watch {
    int fd;           /* of inotify; -1: nothing is watched */
    const char *name; /* borrowed */
};

/* Watches the directory of path for names that begin with the name of path, which is borrowed. NULL, or a directory
 * that cannot be watched: nothing ever appears. */
void device_watch_init(struct device_watch *watch, const char *path);
void device_watch_finish(struct device_watch *watch);

/* Discards what has appeared so far. */
void device_watch_clear(struct device_watch *watch);
/* Blocks: until something has appeared since (true), the event is set, or deadline_ns (monotonic) has passed. */
CHECKED bool device_watch_wait(struct device_watch *watch, struct event *event, int64_t deadline_ns);

#endif
