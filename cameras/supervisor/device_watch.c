#include "cameras/arrival.h"

#include "broker/clock.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

void arrival_init(struct arrival *arrival, const char *path) {
    *arrival = (struct arrival){.fd = -1};
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    char directory[256];
    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof directory) {
        return;
    }
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
    arrival->name = slash + 1;
    arrival->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    /* Attributes too: a node can be opened only once its permissions have been set. */
    if (arrival->fd >= 0 && inotify_add_watch(arrival->fd, directory, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0) {
        arrival_finish(arrival);
    }
}

void arrival_finish(struct arrival *arrival) {
    if (arrival->fd >= 0) {
        close(arrival->fd);
    }
    arrival->fd = -1;
}

/* Takes the events that there are. True if one of them counts. */
static bool take_events(struct arrival *arrival) {
    _Alignas(struct inotify_event) char events[4096];
    bool arrived = false;
    ssize_t count;
    while (arrival->fd >= 0 && (count = read(arrival->fd, events, sizeof events)) > 0) {
        for (ssize_t at = 0; at < count;) {
            const struct inotify_event *event = (const void *)(events + at);
            arrived |= event->len > 0 && strncmp(event->name, arrival->name, strlen(arrival->name)) == 0;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return arrived;
}

void arrival_clear(struct arrival *arrival) { (void)take_events(arrival); }

bool arrival_wait(struct arrival *arrival, struct event *event, int64_t deadline_ns) {
    struct pollfd fds[] = {{.fd = event->fd, .events = POLLIN}, {.fd = arrival->fd, .events = POLLIN}};
    while (clock_monotonic_ns() < deadline_ns) {
        if (poll(fds, 2, clock_poll_timeout_ms(deadline_ns)) <= 0) {
            continue;
        }
        if (take_events(arrival)) {
            return true;
        }
        if (fds[0].revents != 0) {
            return false;
        }
    }
    return false;
}
