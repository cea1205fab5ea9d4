#include "web/http/outbox.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/base/sync.h"
#include "web/http/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define STALLED_AFTER_NS (10 * NS_PER_S)
#define CLOSE_WITHIN_NS (2 * NS_PER_S)
#define EVENTS_A_ROUND 64
/* Of clients; a reply may be short, and its connection is kept all the same. */
#define CONNECTIONS_MAX 1024u
/* An address may keep this part of the room, or one reply of any size, and this part of the connections. */
#define SHARE_OF_ROOM 4
/* What is read of a client before others get their turn. */
#define DRAIN_BYTES_A_ROUND ((size_t)64 << 10)

/* A reply under way. */
struct delivery {
    int fd;
    uint64_t address;    /* the client's, of IPv6 its network; 0: it has none */
    int64_t deadline_ns; /* of the next progress */
    size_t sent, count;
    bool is_ending; /* all is sent, and the client was told so: its own end is waited for */
    LIST_ENTRY(delivery) in_outbox;
    char bytes[];
};

struct outbox {
    size_t room_bytes;
    int epoll_fd;
    struct event wake; /* for a new deadline, and to stop */
    pthread_t thread;
    bool started;
    struct lock lock;
    LIST_HEAD(, delivery) deliveries GUARDED_BY(lock);
    size_t kept_bytes GUARDED_BY(lock);
    unsigned kept_count GUARDED_BY(lock);
    bool stop GUARDED_BY(lock);
};

/* ---- One delivery ---- */

/* Reads and drops what the client sends. False at its end. */
static bool drain(int fd) {
    char bytes[4096];
    for (size_t total = 0; total < DRAIN_BYTES_A_ROUND;) {
        ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        if (count < 0 && errno == EAGAIN) {
            return true;
        }
        total += count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool has_unread_bytes(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 && count > 0;
}

/* All is sent: the client's end is waited for, and what it still sends is not kept. */
static void begin_ending(struct outbox *outbox, struct delivery *delivery, int64_t now_ns) {
    delivery->is_ending = true;
    delivery->deadline_ns = now_ns + CLOSE_WITHIN_NS;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = delivery};
    epoll_ctl(outbox->epoll_fd, EPOLL_CTL_MOD, delivery->fd, &event);
    shutdown(delivery->fd, SHUT_WR);
}

/* Goes on with a delivery whose socket is ready. False when it is over. */
static bool advance(struct outbox *outbox, struct delivery *delivery, int64_t now_ns) {
    if (!delivery->is_ending) {
        size_t before = delivery->sent;
        if (!socket_send(delivery->fd, delivery->bytes, delivery->count, &delivery->sent)) {
            return false;
        }
        if (delivery->sent > before) {
            delivery->deadline_ns = now_ns + STALLED_AFTER_NS;
        }
        if (delivery->sent == delivery->count) {
            begin_ending(outbox, delivery, now_ns);
        }
    }
    return drain(delivery->fd);
}

/* ---- The thread ---- */

static void end_delivery(struct outbox *outbox, struct delivery *delivery) {
    lock_acquire(&outbox->lock);
    LIST_REMOVE(delivery, in_outbox);
    outbox->kept_bytes -= delivery->count;
    outbox->kept_count--;
    lock_release(&outbox->lock);
    /* A duplicate, such as the reaper makes, would keep it known to epoll. */
    epoll_ctl(outbox->epoll_fd, EPOLL_CTL_DEL, delivery->fd, NULL);
    close(delivery->fd);
    free(delivery);
}

/* Ends those that are overdue; they end here alone, so that the list stays walkable without the lock. Returns when the
 * next one is. */
static int64_t end_overdue(struct outbox *outbox, int64_t now_ns) {
    int64_t next_ns = CLOCK_NEVER;
    lock_acquire(&outbox->lock);
    struct delivery *delivery = LIST_FIRST(&outbox->deliveries);
    lock_release(&outbox->lock);
    while (delivery != NULL) {
        struct delivery *next = LIST_NEXT(delivery, in_outbox); /* new ones come before the first */
        if (delivery->deadline_ns <= now_ns) {
            end_delivery(outbox, delivery);
        } else {
            next_ns = min_i64(next_ns, delivery->deadline_ns);
        }
        delivery = next;
    }
    return next_ns;
}

static bool is_stopping(struct outbox *outbox) {
    lock_acquire(&outbox->lock);
    bool stop = outbox->stop;
    lock_release(&outbox->lock);
    return stop;
}

static void *deliver(void *argument) {
    struct outbox *outbox = argument;
    struct epoll_event events[EVENTS_A_ROUND];
    int64_t next_ns = CLOCK_NEVER;
    while (!is_stopping(outbox)) {
        int count = epoll_wait(outbox->epoll_fd, events, EVENTS_A_ROUND, clock_poll_timeout_ms(next_ns));
        int64_t now_ns = clock_monotonic_ns();
        for (int i = 0; i < count; i++) {
            struct delivery *delivery = events[i].data.ptr;
            if (delivery == NULL) {
                event_clear(&outbox->wake);
            } else if (!advance(outbox, delivery, now_ns)) {
                end_delivery(outbox, delivery);
            }
        }
        next_ns = end_overdue(outbox, now_ns);
    }
    return NULL;
}

/* ---- Others ---- */

enum err outbox_create(size_t room_bytes, struct outbox **out) {
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&outbox->lock);
    outbox->room_bytes = room_bytes;
    outbox->wake.fd = -1;
    outbox->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    enum err error = outbox->epoll_fd < 0 ? err_from_errno(errno) : event_init(&outbox->wake);
    struct epoll_event event = {.events = EPOLLIN};
    if (error == ERR_OK && epoll_ctl(outbox->epoll_fd, EPOLL_CTL_ADD, outbox->wake.fd, &event) != 0) {
        error = err_from_errno(errno);
    }
    if (error == ERR_OK) {
        error = thread_start(&outbox->thread, "outbox", 0, deliver, outbox);
        outbox->started = error == ERR_OK;
    }
    if (error != ERR_OK) {
        outbox_destroy(&outbox);
        return error;
    }
    *out = outbox;
    return ERR_OK;
}

void outbox_destroy(struct outbox **outbox_pointer) {
    struct outbox *outbox = *outbox_pointer;
    *outbox_pointer = NULL;
    if (outbox == NULL) {
        return;
    }
    if (outbox->started) {
        lock_acquire(&outbox->lock);
        outbox->stop = true;
        lock_release(&outbox->lock);
        event_set(&outbox->wake);
        pthread_join(outbox->thread, NULL);
    }
    while (!LIST_EMPTY(&outbox->deliveries)) {
        end_delivery(outbox, LIST_FIRST(&outbox->deliveries));
    }
    if (outbox->wake.fd >= 0) {
        event_finish(&outbox->wake);
    }
    if (outbox->epoll_fd >= 0) {
        close(outbox->epoll_fd);
    }
    lock_finish(&outbox->lock);
    free(outbox);
}

static uint64_t address_of(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } peer = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t length = sizeof peer;
    uint64_t address = 0;
    if (getpeername(fd, &peer.any, &length) == 0 && peer.any.sa_family == AF_INET) {
        address = peer.ipv4.sin_addr.s_addr;
    } else if (peer.any.sa_family == AF_INET6) {
        memcpy(&address, peer.ipv6.sin6_addr.s6_addr, sizeof address); /* 64 bits, which a client has as a whole */
    }
    return address;
}

static bool has_room_locked(const struct outbox *outbox, const struct delivery *added) REQUIRES(&outbox->lock) {
    size_t bytes_of_address = 0;
    unsigned count_of_address = 0;
    const struct delivery *each;
    LIST_FOREACH (each, &outbox->deliveries, in_outbox) {
        const bool is_same = added->address != 0 && each->address == added->address;
        bytes_of_address += is_same ? each->count : 0;
        count_of_address += is_same;
    }
    return outbox->kept_bytes + added->count <= outbox->room_bytes && outbox->kept_count < CONNECTIONS_MAX &&
           count_of_address < CONNECTIONS_MAX / SHARE_OF_ROOM &&
           (bytes_of_address == 0 || bytes_of_address + added->count <= outbox->room_bytes / SHARE_OF_ROOM);
}

/* Takes fd. */
static void keep(struct outbox *outbox, int fd, const char *bytes, size_t count) {
    struct delivery *delivery = malloc(sizeof *delivery + count);
    if (delivery == NULL) {
        close(fd);
        return;
    }
    *delivery = (struct delivery){
        .fd = fd, .address = address_of(fd), .count = count, .deadline_ns = clock_monotonic_ns() + STALLED_AFTER_NS};
    if (count > 0) {
        memcpy(delivery->bytes, bytes, count);
    }
    lock_acquire(&outbox->lock);
    bool has_room = !outbox->stop && has_room_locked(outbox, delivery);
    if (has_room) {
        outbox->kept_bytes += count;
        outbox->kept_count++;
        LIST_INSERT_HEAD(&outbox->deliveries, delivery, in_outbox);
    }
    lock_release(&outbox->lock);
    /* From here on the delivery may be over at any time, but for one that the thread does not know of. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.ptr = delivery};
    if (!has_room) {
        close(fd);
        free(delivery);
    } else if (epoll_ctl(outbox->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        shutdown(fd, SHUT_RDWR); /* its deadline ends it */
    }
    event_set(&outbox->wake); /* it has a deadline, too */
}

void outbox_send(struct outbox *outbox, int fd, const void *bytes, size_t count) {
    size_t sent = 0;
    bool is_there = socket_send(fd, bytes, count, &sent);
    if (is_there && (sent < count || has_unread_bytes(fd))) {
        keep(outbox, fd, (const char *)bytes + sent, count - sent);
    } else {
        close(fd);
    }
}
