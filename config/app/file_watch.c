#define _DEFAULT_SOURCE /* realpath */
#include "config/app/file_watch.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file is examined after this much quiet, and after LATEST_NS at the latest. */
#define QUIET_NS (100 * NS_PER_MS)
#define LATEST_NS (1 * NS_PER_S)
/* inotify does not report that a removed directory has come back. */
#define RETRY_NS (1 * NS_PER_S)

#define FILE_EVENTS (IN_CLOSE_WRITE | IN_ATTRIB)
#define DIRECTORY_EVENTS (FILE_EVENTS | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

static bool equal_times(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_known(const struct file_watch *watch, const struct file_identity *file) {
    const struct file_identity *known = &watch->known;
    return file->device == known->device && file->inode == known->inode && file->size == known->size &&
           equal_times(&file->written, &known->written) && equal_times(&file->changed, &known->changed);
}

/* False: it is not there. */
static bool identify(const char *path, struct file_identity *identity) {
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    *identity = (struct file_identity){.device = status.st_dev,
                                       .inode = status.st_ino,
                                       .size = status.st_size,
                                       .written = status.st_mtim,
                                       .changed = status.st_ctim};
    return true;
}

static int watch_directory_of(int fd, const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int place = directory != NULL ? inotify_add_watch(fd, directory, DIRECTORY_EVENTS) : -1;
    free(directory);
    return place;
}

static bool has_place(const int places[FILE_WATCH_PLACES], int place) {
    for (size_t i = 0; i < FILE_WATCH_PLACES; i++) {
        if (places[i] == place) {
            return true;
        }
    }
    return false;
}

/* Where the path leads may have changed. False: not even the path's own directory is there. */
static bool renew_places(struct file_watch *watch) {
    char *target = realpath(watch->path, NULL);
    const int places[FILE_WATCH_PLACES] = {
        watch_directory_of(watch->fd, watch->path),
        target != NULL ? watch_directory_of(watch->fd, target) : -1,
        target != NULL ? inotify_add_watch(watch->fd, target, FILE_EVENTS) : -1,
    };
    free(target);
    for (size_t i = 0; i < FILE_WATCH_PLACES; i++) {
        if (watch->places[i] >= 0 && !has_place(places, watch->places[i])) {
            inotify_rm_watch(watch->fd, watch->places[i]); /* fails where the place itself is gone */
        }
    }
    memcpy(watch->places, places, sizeof places);
    return places[0] >= 0;
}

void file_watch_init(struct file_watch *watch, const char *path) {
    *watch = (struct file_watch){.path = path, .fd = -1};
}

void file_watch_finish(struct file_watch *watch) { file_watch_enable(watch, false); }

void file_watch_enable(struct file_watch *watch, bool enabled) {
    if (enabled == (watch->fd >= 0)) {
        return;
    }
    if (!enabled) {
        close(watch->fd);
        watch->fd = -1;
        return;
    }
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        log_event(LOG_LEVEL_WARNING, NULL, "cannot watch %s: %s; send SIGHUP after changing it", watch->path,
                  strerror(errno));
        return;
    }
    memset(watch->places, -1, sizeof watch->places);
    watch->look_at_ns = watch->latest_ns = 0; /* it may have changed since it was read */
}

void file_watch_mark(struct file_watch *watch) {
    watch->known = (struct file_identity){0};
    (void)identify(watch->path, &watch->known);
}

static bool take_events(const struct file_watch *watch) {
    char events[4096];
    bool any = false;
    while (read(watch->fd, events, sizeof events) > 0) {
        any = true;
    }
    return any;
}

static void note_events(struct file_watch *watch) {
    int64_t now_ns = clock_monotonic_ns();
    if (watch->look_at_ns == CLOCK_NEVER) {
        watch->latest_ns = now_ns + LATEST_NS;
    }
    watch->look_at_ns = now_ns + QUIET_NS < watch->latest_ns ? now_ns + QUIET_NS : watch->latest_ns;
}

static bool has_changed(struct file_watch *watch) {
    watch->look_at_ns = watch->latest_ns = CLOCK_NEVER;
    if (!renew_places(watch)) {
        watch->look_at_ns = clock_monotonic_ns() + RETRY_NS;
    }
    struct file_identity file;
    return identify(watch->path, &file) && !is_known(watch, &file);
}

bool file_watch_wait(struct file_watch *watch, const struct event *event) {
    struct pollfd fds[] = {{.fd = event->fd, .events = POLLIN}, {.fd = watch->fd, .events = POLLIN}};
    for (;;) {
        int64_t until_ns = watch->fd >= 0 ? watch->look_at_ns : CLOCK_NEVER;
        int ready = poll(fds, 2, clock_poll_timeout_ms(until_ns));
        if (ready > 0 && fds[0].revents != 0) {
            return false;
        }
        if (ready > 0 && take_events(watch)) {
            note_events(watch);
        } else if (clock_monotonic_ns() >= until_ns && has_changed(watch)) {
            return true;
        }
    }
}
