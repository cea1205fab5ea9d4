#define _GNU_SOURCE /* accept4, dup3 */
#include "web/http/handoff.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "web/http/connections.h"
#include "web/http/handoff_slots.h"
#include "web/http/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* As many as its descriptors allow, between these. */
#define SLOTS_MIN 64u
#define SLOTS_MAX 2048u
#define EVENTS_MAX 64
#define HEAD_MAX_BYTES 8192 /* civetweb's max_request_size */
#define HEAD_WITHIN_NS (10 * NS_PER_S)
/* A relief lasts so long, and goes on while so many connections are silent. */
#define RELIEF_NS (5 * NS_PER_S)
#define RELIEF_SLOTS_MIN 16u
/* Without descriptors or memory left. */
#define PAUSE_NS (100 * NS_PER_MS)
#define LISTENER UINT64_MAX
#define WAKE (UINT64_MAX - 1)

struct handoff {
    int listener, poller;
    bool is_relief; /* accepts only for a while after handoff_relieve() */
    uint16_t port, inner_port;
    struct connections *connections;
    struct event wake; /* to stop, or since a slot that it waits for has become free */
    bool has_thread;
    atomic_bool is_stopping; /* relaxed: the wake orders it */
    pthread_t thread;
    _Atomic int64_t relief_until_ns; /* relaxed */
    struct handoff_slots slots;
    /* The thread's own: */
    bool is_accepting;
    int64_t paused_until_ns; /* 0: not paused */
    int64_t look_at_ns;      /* no slot's time is over before */
    char head[HEAD_MAX_BYTES];
};

/* ---- Lifecycle ---- */

static size_t choose_slot_count(const struct connections *connections) {
    const size_t room = connections_room(connections) / 2; /* two sockets each, for a moment */
    return room < SLOTS_MIN ? SLOTS_MIN : room < SLOTS_MAX ? room : SLOTS_MAX;
}

static struct handoff *create(void) {
    struct handoff *handoff = calloc(1, sizeof *handoff);
    if (handoff != NULL) {
        handoff_slots_init(&handoff->slots);
        handoff->listener = handoff->wake.fd = handoff->poller = -1;
    }
    return handoff;
}

/* What is accepted has it from the listener. */
static void send_at_once(int listener) {
    const int no_delay = 1;
    (void)setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
}

enum err handoff_create(const char *address, uint16_t port, struct handoff **out, struct reason *reason) {
    struct handoff *handoff = create();
    if (handoff == NULL) {
        return ERR_MEMORY;
    }
    enum err error = socket_listen(address, port, &handoff->listener, &handoff->port, reason);
    if (error != ERR_OK) {
        handoff->listener = -1;
        handoff_destroy(&handoff);
        return error;
    }
    socket_prepare_listener(handoff->listener);
    send_at_once(handoff->listener);
    *out = handoff;
    return ERR_OK;
}

enum err handoff_create_relief(int listener, uint16_t port, struct handoff **out) {
    struct handoff *handoff = create();
    if (handoff == NULL) {
        return ERR_MEMORY;
    }
    handoff->is_relief = true;
    handoff->port = port;
    handoff->listener = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    /* Each of the two that accept may find that the other has been faster. */
    const int flags = handoff->listener >= 0 ? fcntl(handoff->listener, F_GETFL) : -1;
    if (flags < 0 || fcntl(handoff->listener, F_SETFL, flags | O_NONBLOCK) != 0) {
        const enum err error = err_from_errno(errno);
        handoff_destroy(&handoff);
        return error;
    }
    send_at_once(handoff->listener);
    *out = handoff;
    return ERR_OK;
}

uint16_t handoff_port(const struct handoff *handoff) { return handoff->port; }

void handoff_stop(struct handoff *handoff) {
    if (handoff == NULL || !handoff->has_thread) {
        return;
    }
    atomic_store_explicit(&handoff->is_stopping, true, memory_order_relaxed);
    event_set(&handoff->wake);
    pthread_join(handoff->thread, NULL);
    handoff->has_thread = false;
}

void handoff_destroy(struct handoff **handoff_pointer) {
    struct handoff *handoff = *handoff_pointer;
    *handoff_pointer = NULL;
    if (handoff == NULL) {
        return;
    }
    handoff_stop(handoff);
    if (handoff->poller >= 0) {
        close(handoff->poller);
    }
    if (handoff->wake.fd >= 0) {
        event_finish(&handoff->wake);
    }
    if (handoff->listener >= 0) {
        close(handoff->listener);
    }
    handoff_slots_finish(&handoff->slots);
    free(handoff);
}

void handoff_relieve(struct handoff *handoff) {
    const int64_t now_ns = clock_monotonic_ns();
    const int64_t before_ns =
        atomic_exchange_explicit(&handoff->relief_until_ns, now_ns + RELIEF_NS, memory_order_relaxed);
    if (before_ns <= now_ns) {
        event_set(&handoff->wake);
    }
}

/* ---- Handing over ---- */

/* Where civetweb finds the end of a head: how many bytes it has, or all of them where it would refuse it anyway. 0: the
 * end has not arrived. */
static size_t find_end(const char *head, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const unsigned char byte = (unsigned char)head[i];
        if ((byte < ' ' && byte != '\r' && byte != '\n') || byte == 0x7f) {
            return count;
        }
        if (byte == '\n' && i + 1 < count && head[i + 1] == '\n') {
            return i + 2;
        }
        if (byte == '\n' && i + 2 < count && head[i + 1] == '\r' && head[i + 2] == '\n') {
            return i + 3;
        }
    }
    return count == HEAD_MAX_BYTES ? count : 0;
}

/* A socket on loopback, by whose port a worker finds the connection. */
static bool open_inner(struct handoff_slot *slot) {
    const struct linger at_once = {.l_onoff = 1}; /* leaves no TIME_WAIT */
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0 ||
        bind(fd, (struct sockaddr *)&own, sizeof own) != 0 || getsockname(fd, (struct sockaddr *)&own, &length) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    slot->inner = fd;
    slot->inner_port = ntohs(own.sin_port);
    return true;
}

static uint64_t event_of(const struct handoff *handoff, const struct handoff_slot *slot) {
    return (uint64_t)slot->generation << 32 | (uint64_t)(slot - handoff->slots.slots);
}

/* Loopback takes both at once. From the last byte on, a worker may take the connection and close these sockets. */
static bool send_head(struct handoff *handoff, int inner, uint64_t event_data, size_t count) {
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.u64 = event_data};
    return socket_connect(inner, HANDOFF_INNER_ADDRESS, handoff->inner_port) == ERR_OK &&
           epoll_ctl(handoff->poller, EPOLL_CTL_ADD, inner, &event) == 0 &&
           send(inner, handoff->head, count, MSG_NOSIGNAL) == (ssize_t)count;
}

static void hand_over(struct handoff *handoff, struct handoff_slot *slot, size_t head_bytes) {
    /* Of this head and no more: what stands behind it stays for civetweb to read from the client's socket. */
    if (recv(slot->outer, handoff->head, head_bytes, 0) != (ssize_t)head_bytes || !open_inner(slot) ||
        epoll_ctl(handoff->poller, EPOLL_CTL_DEL, slot->outer, NULL) != 0) {
        handoff_slots_drop(&handoff->slots, slot);
        return;
    }
    const int inner = slot->inner;
    const uint64_t event_data = event_of(handoff, slot);
    handoff_slots_hand_over(&handoff->slots, slot);
    if (!send_head(handoff, inner, event_data, head_bytes)) {
        handoff_slots_drop(&handoff->slots, slot);
    }
}

enum err handoff_take(struct handoff *handoff, uint16_t inner_client_port, struct handoff_client *client) {
    struct handoff_slot taken;
    bool was_full;
    if (handoff == NULL) {
        return ERR_NOT_FOUND;
    }
    const bool is_found = handoff_slots_take(&handoff->slots, inner_client_port, &taken, &was_full);
    if (was_full) {
        event_set(&handoff->wake);
    }
    if (!is_found) {
        return ERR_NOT_FOUND;
    }
    enum err error = connections_find(handoff->connections, connections_client("127.0.0.1", inner_client_port),
                                      handoff->inner_port, 0, &client->fd);
    /* Before its other end is, so that the thread is not woken for it. */
    close(taken.inner);
    if (error == ERR_OK && dup3(taken.outer, client->fd, O_CLOEXEC) < 0) {
        error = ERR_GONE;
    }
    close(taken.outer);
    if (error != ERR_OK) {
        return error;
    }
    client->client = taken.client;
    client->port = ntohs(taken.peer.ipv4.sin_port);
    if (taken.peer.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &taken.peer.ipv4.sin_addr, client->address, sizeof client->address);
    } else {
        inet_ntop(AF_INET6, &taken.peer.ipv6.sin6_addr, client->address, sizeof client->address);
    }
    return ERR_OK;
}

/* ---- The thread ---- */

static void read_head(struct handoff *handoff, struct handoff_slot *slot, bool has_ended) {
    const ssize_t count = recv(slot->outer, handoff->head, HEAD_MAX_BYTES, MSG_PEEK);
    if (count < 0 && errno == EAGAIN && !has_ended) {
        return;
    }
    const size_t head_bytes = count > 0 ? find_end(handoff->head, (size_t)count) : 0;
    if (head_bytes > 0) {
        hand_over(handoff, slot, head_bytes);
    } else if (count <= 0 || has_ended) {
        handoff_slots_drop(&handoff->slots, slot);
    }
}

/* False: there is none to accept, or not now. */
static bool accept_one(struct handoff *handoff, struct handoff_slot *slot) {
    socklen_t length = sizeof slot->peer;
    const int accepted = accept4(handoff->listener, &slot->peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
        const bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        handoff->paused_until_ns = is_short ? clock_monotonic_ns() + PAUSE_NS : 0;
        return false;
    }
    slot->outer = connections_lift(handoff->connections, accepted);
    slot->inner = -1;
    slot->generation++;
    slot->client = connections_peer(handoff->connections, slot->outer);
    slot->since_ns = clock_monotonic_ns();
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = event_of(handoff, slot)};
    if (slot->client == 0 || epoll_ctl(handoff->poller, EPOLL_CTL_ADD, slot->outer, &event) != 0) {
        close(slot->outer);
        return true;
    }
    handoff_slots_begin_reading(&handoff->slots, slot);
    if (handoff->look_at_ns > slot->since_ns + HEAD_WITHIN_NS) {
        handoff->look_at_ns = slot->since_ns + HEAD_WITHIN_NS;
    }
    read_head(handoff, slot, false);
    return true;
}

static void accept_some(struct handoff *handoff) {
    for (unsigned i = 0; i < EVENTS_MAX; i++) {
        struct handoff_slot *slot = handoff_slots_find_free(&handoff->slots);
        if (slot == NULL && (slot = handoff_slots_choose_victim(&handoff->slots)) != NULL) {
            handoff_slots_drop(&handoff->slots, slot);
        }
        if (slot == NULL) {
            handoff->paused_until_ns = clock_monotonic_ns() + PAUSE_NS; /* or until one becomes free */
            return;
        }
        if (!accept_one(handoff, slot)) {
            return;
        }
    }
}

/* Looks at all slots when the first may have to go. */
static void drop_late(struct handoff *handoff) {
    const int64_t now_ns = clock_monotonic_ns();
    if (now_ns < handoff->look_at_ns) {
        return;
    }
    handoff->look_at_ns = CLOCK_NEVER;
    for (size_t i = 0; i < handoff->slots.count; i++) {
        struct handoff_slot *slot = &handoff->slots.slots[i];
        const int64_t until_ns = slot->since_ns + HEAD_WITHIN_NS;
        if (handoff_slots_state(&handoff->slots, slot) != SLOT_READING) {
            continue;
        }
        if (until_ns <= now_ns) {
            handoff_slots_drop(&handoff->slots, slot);
        } else if (until_ns < handoff->look_at_ns) {
            handoff->look_at_ns = until_ns;
        }
    }
}

/* A client that sends, or civetweb that has closed what it did not take. */
static void serve_slot(struct handoff *handoff, const struct epoll_event *event) {
    struct handoff_slot *slot = &handoff->slots.slots[(uint32_t)event->data.u64];
    if (slot->generation != event->data.u64 >> 32) {
        return;
    }
    const enum handoff_slot_state state = handoff_slots_state(&handoff->slots, slot);
    if (state == SLOT_READING) {
        read_head(handoff, slot, (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    } else if (state == SLOT_HANDED) {
        handoff_slots_drop(&handoff->slots, slot);
    }
}

/* Returns until when it has to accept; 0: it has not. */
static int64_t accept_until_ns(struct handoff *handoff, int64_t now_ns) {
    if (!handoff->is_relief) {
        return CLOCK_NEVER;
    }
    int64_t until_ns = atomic_load_explicit(&handoff->relief_until_ns, memory_order_relaxed);
    if (until_ns != 0 && until_ns <= now_ns && handoff->slots.reading_count >= RELIEF_SLOTS_MIN) {
        until_ns = now_ns + RELIEF_NS;
        atomic_store_explicit(&handoff->relief_until_ns, until_ns, memory_order_relaxed);
    }
    return until_ns > now_ns ? until_ns : 0;
}

/* Returns when the thread has to look again at the latest. */
static int64_t set_accepting(struct handoff *handoff) {
    const int64_t now_ns = clock_monotonic_ns();
    if (handoff->paused_until_ns <= now_ns) {
        handoff->paused_until_ns = 0;
    }
    const int64_t accept_until = accept_until_ns(handoff, now_ns);
    const bool wanted = handoff->paused_until_ns == 0 && accept_until != 0;
    struct epoll_event event = {.events = wanted ? EPOLLIN : 0, .data.u64 = LISTENER};
    if (wanted != handoff->is_accepting && epoll_ctl(handoff->poller, EPOLL_CTL_MOD, handoff->listener, &event) == 0) {
        handoff->is_accepting = wanted;
    }
    if (accept_until == 0) {
        return CLOCK_NEVER;
    }
    return wanted ? accept_until : handoff->paused_until_ns;
}

static void *run(void *argument) {
    struct handoff *handoff = argument;
    while (!atomic_load_explicit(&handoff->is_stopping, memory_order_relaxed)) {
        struct epoll_event events[EVENTS_MAX];
        drop_late(handoff);
        int64_t until_ns = set_accepting(handoff);
        if (handoff->look_at_ns < until_ns) {
            until_ns = handoff->look_at_ns;
        }
        const int count = epoll_wait(handoff->poller, events, EVENTS_MAX, clock_poll_timeout_ms(until_ns));
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == WAKE) {
                event_clear(&handoff->wake);
                handoff->paused_until_ns = 0;
            } else if (events[i].data.u64 == LISTENER) {
                accept_some(handoff);
            } else {
                serve_slot(handoff, &events[i]);
            }
        }
    }
    for (size_t i = 0; i < handoff->slots.count; i++) {
        handoff_slots_drop(&handoff->slots, &handoff->slots.slots[i]);
    }
    return NULL;
}

static enum err watch(const struct handoff *handoff, int fd, uint64_t data, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(handoff->poller, EPOLL_CTL_ADD, fd, &event) == 0 ? ERR_OK : err_from_errno(errno);
}

enum err handoff_start(struct handoff *handoff, uint16_t inner_port, struct connections *connections) {
    handoff->inner_port = inner_port;
    handoff->connections = connections;
    handoff->look_at_ns = CLOCK_NEVER;
    enum err error = handoff_slots_allocate(&handoff->slots, choose_slot_count(connections));
    if (error == ERR_OK) {
        error = event_init(&handoff->wake);
    }
    if (error == ERR_OK && (handoff->poller = epoll_create1(EPOLL_CLOEXEC)) < 0) {
        error = err_from_errno(errno);
    }
    if (error == ERR_OK) {
        error = watch(handoff, handoff->wake.fd, WAKE, EPOLLIN);
    }
    if (error == ERR_OK) {
        error = watch(handoff, handoff->listener, LISTENER, 0);
    }
    if (error == ERR_OK) {
        error = thread_start(&handoff->thread, "handoff", 0, run, handoff);
        handoff->has_thread = error == ERR_OK;
    }
    return error;
}
