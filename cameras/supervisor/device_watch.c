#include "cameras/supervisor/device_watch.h"

#include "broker/base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

void device_watch_init(struct device_watch *watch, const char *path) {
    *watch = (struct device_watch){.fd = -1};
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    char directory[256];
    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof directory) {
        return;
    }
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
    watch->name = slash + 1;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    /* Attributes too: a node can be opened only once its permissions have been set. */
    if (watch->fd >= 0 && inotify_add_watch(watch->fd, directory, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0) {
        device_watch_finish(watch);
    }
}

void device_watch_finish(struct device_watch *watch) {
    if (watch->fd >= 0) {
        close(watch->fd);
    }
    watch->fd = -1;
}

/* Takes the events that there are. True if one of them counts. */
static bool take_events(struct device_watch *watch) {
    _Alignas(struct inotify_event) char events[4096];
    bool arrived = false;
    ssize_t count;
    while (watch->fd >= 0 && (count = read(watch->fd, events, sizeof events)) > 0) {
        for (ssize_t at = 0; at < count;) {
            const struct inotify_event *event = (const void *)(events + at);
            arrived |= event->len > 0 && strncmp(event->name, watch->name, strlen(watch->name)) == 0;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return arrived;
}

void device_watch_clear(struct device_watch *watch) { (void)take_events(watch); }

bool device_watch_wait(struct device_watch *watch, struct event *event, int64_t deadline_ns) {
    struct pollfd fds[] = {{.fd = event->fd, .events = POLLIN}, {.fd = watch->fd, .events = POLLIN}};
    while (clock_monotonic_ns() < deadline_ns) {
        if (poll(fds, 2, clock_poll_timeout_ms(deadline_ns)) <= 0) {
            continue;
        }
        if (take_events(watch)) {
            return true;
        }
        if (fds[0].revents != 0) {
            return false;
        }
    }
    return false;
}
