/* Notices when a file has become another one, however that was done: written in place, another renamed over it, or a
 * symbolic link on its way switched, as Kubernetes does with mounted configurations. Whatever happens in its directory,
 * or in that where the link leads, is looked at once it has been quiet there for a moment (inotify(7)).
 *
 * Lifecycle: init; enable as often as wanted; finish.
 * Threads: one. */
#ifndef CONFIG_APP_FILE_WATCH_H
#define CONFIG_APP_FILE_WATCH_H

#include "broker/base/sync.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define FILE_WATCH_PLACES 3 /* the path's directory, the file's, the file */

/* The fields are its own. */
struct file_watch {
    const char *path;
    int fd;                        /* of inotify; -1: not enabled */
    int places[FILE_WATCH_PLACES]; /* watch descriptors; -1: none */
    int64_t look_at_ns;            /* CLOCK_NEVER: nothing has happened */
    int64_t latest_ns;             /* however much goes on */
    struct file_identity {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec written, changed;
    } known;
};

/* path is borrowed. Not enabled. */
void file_watch_init(struct file_watch *watch, const char *path);
void file_watch_finish(struct file_watch *watch);
/* What cannot be watched is logged, and the file then never changes. */
void file_watch_enable(struct file_watch *watch, bool enabled);
/* The file as it is now is known: to be called before it is read. */
void file_watch_mark(struct file_watch *watch);
/* Blocks: until the file is there and not the known one any more (true), or the event is set (false). */
CHECKED bool file_watch_wait(struct file_watch *watch, const struct event *event);

#endif
