#include "web/stream/receivers.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "web/http/chunked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_A_ROUND 64
#define READ_BYTES ((size_t)64 << 10)
#define LOOK_AT_CLOCK_NS (250 * NS_PER_MS)

struct receiver {
    struct receiver_settings settings; /* except the body */
    enum http_body_kind kind;
    int fd;
    struct chunked chunked; /* of a chunked body */
    uint64_t left;          /* of a sized one */
    LIST_ENTRY(receiver) in_list;
    SLIST_ENTRY(receiver) in_arrivals;
    size_t first_count; /* read before, not taken yet */
    uint8_t first[];
};

struct receivers {
    int epoll_fd;
    struct event wake; /* for arrivals, and to stop */
    pthread_t thread;
    struct lock lock;
    SLIST_HEAD(receiver_arrivals, receiver) arrivals GUARDED_BY(lock);
    bool started GUARDED_BY(lock);
    bool stop GUARDED_BY(lock);
    /* The thread's own: */
    LIST_HEAD(, receiver) list;
    uint8_t bytes[READ_BYTES];
};

/* ---- One body ---- */

/* Bytes as they came. ERR_OK: there is more to come; ERR_CLOSED: that was all, or all that is needed. */
static enum err take_raw(struct receiver *receiver, uint8_t *bytes, size_t count) {
    enum err error = ERR_OK;
    switch (receiver->kind) {
    case HTTP_BODY_CHUNKED: error = chunked_decode(&receiver->chunked, bytes, count, &count); break;
    case HTTP_BODY_SIZED:
        count = receiver->left < count ? (size_t)receiver->left : count;
        receiver->left -= count;
        error = receiver->left == 0 ? ERR_CLOSED : ERR_OK;
        break;
    }
    enum err taken = count > 0 ? receiver->settings.take(receiver->settings.user, bytes, count) : ERR_OK;
    return taken != ERR_OK ? taken : error;
}

/* Takes what civetweb has read already. */
static enum err take_first(struct receiver *receiver) {
    if (receiver->first_count == 0) {
        return receiver->kind == HTTP_BODY_SIZED && receiver->left == 0 ? ERR_CLOSED : ERR_OK;
    }
    return take_raw(receiver, receiver->first, receiver->first_count);
}

/* Reads once. ERR_BUSY: nothing has arrived. */
static enum err read_once(struct receivers *receivers, struct receiver *receiver) {
    ssize_t count = recv(receiver->fd, receivers->bytes, sizeof receivers->bytes, MSG_DONTWAIT);
    if (count > 0) {
        return take_raw(receiver, receivers->bytes, (size_t)count);
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return ERR_BUSY;
    }
    return ERR_GONE;
}

/* ---- The thread ---- */

static void end_receiver(struct receivers *receivers, struct receiver *receiver, enum err result) {
    epoll_ctl(receivers->epoll_fd, EPOLL_CTL_DEL, receiver->fd, NULL);
    LIST_REMOVE(receiver, in_list);
    struct receiver_settings settings = receiver->settings;
    free(receiver);
    settings.ended(settings.user, result);
}

static void settle_receiver(struct receivers *receivers, struct receiver *receiver, enum err error) {
    if (error != ERR_OK && error != ERR_BUSY) {
        end_receiver(receivers, receiver, error == ERR_CLOSED ? ERR_OK : error);
    }
}

static void add_receiver(struct receivers *receivers, struct receiver *receiver) {
    LIST_INSERT_HEAD(&receivers->list, receiver, in_list);
    /* Level-triggered: one read a turn, so that others have theirs. */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = receiver};
    bool added = epoll_ctl(receivers->epoll_fd, EPOLL_CTL_ADD, receiver->fd, &event) == 0;
    settle_receiver(receivers, receiver, added ? take_first(receiver) : ERR_MEMORY);
}

/* False when it is time to stop. */
static bool take_arrivals(struct receivers *receivers) {
    event_clear(&receivers->wake);
    lock_acquire(&receivers->lock);
    struct receiver_arrivals arrivals = receivers->arrivals;
    SLIST_INIT(&receivers->arrivals);
    bool stop = receivers->stop;
    lock_release(&receivers->lock);
    while (!SLIST_EMPTY(&arrivals)) {
        struct receiver *receiver = SLIST_FIRST(&arrivals);
        SLIST_REMOVE_HEAD(&arrivals, in_arrivals);
        add_receiver(receivers, receiver);
    }
    return !stop;
}

static void end_overdue_receivers(struct receivers *receivers, int64_t now_ns) {
    for (struct receiver *receiver = LIST_FIRST(&receivers->list), *next; receiver != NULL; receiver = next) {
        next = LIST_NEXT(receiver, in_list);
        if (now_ns >= receiver->settings.deadline_ns(receiver->settings.user)) {
            end_receiver(receivers, receiver, ERR_TIMEOUT);
        }
    }
}

static void *receive_all(void *argument) {
    struct receivers *receivers = argument;
    struct epoll_event events[EVENTS_A_ROUND];
    int64_t look_ns = clock_monotonic_ns() + LOOK_AT_CLOCK_NS;
    bool go_on = true;
    while (go_on) {
        int64_t until_ns = LIST_EMPTY(&receivers->list) ? CLOCK_NEVER : look_ns;
        int count = epoll_wait(receivers->epoll_fd, events, EVENTS_A_ROUND, clock_poll_timeout_ms(until_ns));
        for (int i = 0; i < count; i++) {
            struct receiver *receiver = events[i].data.ptr;
            if (receiver == NULL) {
                go_on = take_arrivals(receivers);
            } else {
                settle_receiver(receivers, receiver, read_once(receivers, receiver));
            }
        }
        int64_t now_ns = clock_monotonic_ns();
        if (now_ns >= look_ns) {
            look_ns = now_ns + LOOK_AT_CLOCK_NS;
            end_overdue_receivers(receivers, now_ns);
        }
    }
    for (struct receiver *receiver = LIST_FIRST(&receivers->list), *next; receiver != NULL; receiver = next) {
        next = LIST_NEXT(receiver, in_list);
        end_receiver(receivers, receiver, ERR_INTERRUPTED);
    }
    return NULL;
}

/* ---- Others ---- */

enum err receivers_create(struct receivers **out) {
    struct receivers *receivers = calloc(1, sizeof *receivers);
    if (receivers == NULL) {
        return ERR_MEMORY;
    }
    receivers->wake.fd = -1;
    lock_init(&receivers->lock);
    receivers->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    enum err error = receivers->epoll_fd < 0 ? err_from_errno(errno) : event_init(&receivers->wake);
    struct epoll_event event = {.events = EPOLLIN};
    if (error == ERR_OK && epoll_ctl(receivers->epoll_fd, EPOLL_CTL_ADD, receivers->wake.fd, &event) != 0) {
        error = err_from_errno(errno);
    }
    if (error != ERR_OK) {
        receivers_destroy(&receivers);
        return error;
    }
    *out = receivers;
    return ERR_OK;
}

/* The thread starts with its first client. */
static enum err accept_locked(struct receivers *receivers, struct receiver *receiver) {
    if (receivers->stop) {
        return ERR_CLOSED;
    }
    enum err error =
        receivers->started ? ERR_OK : thread_start(&receivers->thread, "receivers", 0, receive_all, receivers);
    if (error == ERR_OK) {
        receivers->started = true;
        SLIST_INSERT_HEAD(&receivers->arrivals, receiver, in_arrivals);
    }
    return error;
}

enum err receivers_begin(struct receivers *receivers, const struct receiver_settings *settings) {
    const struct http_body *body = settings->body;
    struct receiver *receiver = calloc(1, sizeof *receiver + body->first_count);
    if (receiver == NULL) {
        return ERR_MEMORY;
    }
    receiver->settings = *settings;
    receiver->settings.body = NULL;
    receiver->kind = body->kind;
    receiver->fd = body->fd;
    receiver->left = body->length;
    receiver->first_count = body->first_count;
    memcpy(receiver->first, body->first, body->first_count);
    lock_acquire(&receivers->lock);
    enum err error = accept_locked(receivers, receiver);
    lock_release(&receivers->lock);
    if (error != ERR_OK) {
        free(receiver);
        return error;
    }
    event_set(&receivers->wake);
    /* cppcheck-suppress memleak; it is in the list */
    return ERR_OK;
}

void receivers_stop(struct receivers *receivers) {
    lock_acquire(&receivers->lock);
    receivers->stop = true;
    const bool is_running = receivers->started;
    receivers->started = false;
    lock_release(&receivers->lock);
    if (is_running) {
        event_set(&receivers->wake);
        pthread_join(receivers->thread, NULL);
    }
}

void receivers_destroy(struct receivers **receivers_pointer) {
    struct receivers *receivers = *receivers_pointer;
    *receivers_pointer = NULL;
    if (receivers == NULL) {
        return;
    }
    receivers_stop(receivers);
    if (receivers->wake.fd >= 0) {
        event_finish(&receivers->wake);
    }
    if (receivers->epoll_fd >= 0) {
        close(receivers->epoll_fd);
    }
    lock_finish(&receivers->lock);
    free(receivers);
}
