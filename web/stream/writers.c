#include "web/stream/writers.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "web/http/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#define STALLED_AFTER_NS (10 * NS_PER_S)
#define HEARTBEAT_NS (15 * NS_PER_S)
#define LOOK_AT_CLOCK_NS (1 * NS_PER_S)
#define EVENTS_A_ROUND 64
/* What one client gets before others have their turn. */
#define PIECES_A_TURN 4

enum writer_state {
    WRITER_WAITS,    /* the producer had nothing */
    WRITER_BLOCKED,  /* the socket took no more: the rest of the piece is kept */
    WRITER_YIELDS,   /* there is more, but others have their turn */
    WRITER_FINISHED, /* to be ended */
};

struct writer {
    struct writer_settings settings;
    enum writer_state state;
    char *rest; /* of the last piece; NULL: all is sent */
    size_t rest_count, rest_sent;
    int64_t last_progress_ns;
    LIST_ENTRY(writer) in_list;
    SLIST_ENTRY(writer) in_arrivals;
};

struct writers {
    struct writers_source source;
    int epoll_fd;
    struct event wake; /* for arrivals, and to stop */
    pthread_t thread;
    struct lock lock;
    SLIST_HEAD(writer_arrivals, writer) arrivals GUARDED_BY(lock);
    bool started GUARDED_BY(lock);
    bool stop GUARDED_BY(lock);
    /* The thread's own: */
    LIST_HEAD(, writer) list;
    bool some_yield;
    char piece[WRITERS_PIECE_MAX_BYTES];
};

/* ---- One answer ---- */

/* Sends bytes; *sent grows. False: the connection is lost. */
static bool send_bytes(struct writer *writer, const char *bytes, size_t count, size_t *sent) {
    const size_t before = *sent;
    bool is_connected = socket_send(writer->settings.fd, bytes, count, sent);
    if (*sent > before) {
        writer->last_progress_ns = clock_monotonic_ns();
    }
    return is_connected;
}

static enum writer_state keep_rest(struct writer *writer, const char *rest, size_t count) {
    writer->rest = malloc(count);
    if (writer->rest == NULL) {
        return WRITER_FINISHED;
    }
    memcpy(writer->rest, rest, count);
    writer->rest_count = count;
    writer->rest_sent = 0;
    return WRITER_BLOCKED;
}

/* Sends a new piece, and keeps what the socket does not take. */
static enum writer_state send_piece(struct writer *writer, const char *piece, size_t count) {
    size_t sent = 0;
    if (!send_bytes(writer, piece, count, &sent)) {
        return WRITER_FINISHED;
    }
    return sent == count ? WRITER_YIELDS : keep_rest(writer, piece + sent, count - sent);
}

static enum writer_state send_rest(struct writer *writer) {
    if (!send_bytes(writer, writer->rest, writer->rest_count, &writer->rest_sent)) {
        return WRITER_FINISHED;
    }
    if (writer->rest_sent < writer->rest_count) {
        return WRITER_BLOCKED;
    }
    free(writer->rest);
    writer->rest = NULL;
    return WRITER_YIELDS;
}

/* Goes on as far as the socket, the producer and the turn allow. */
static enum writer_state run_writer(struct writers *writers, struct writer *writer) {
    enum writer_state state = writer->rest != NULL ? send_rest(writer) : WRITER_YIELDS;
    for (int i = 0; i < PIECES_A_TURN && state == WRITER_YIELDS; i++) {
        size_t count = 0;
        enum err error = writer->settings.produce(writer->settings.user, writers->piece, &count);
        if (error == ERR_OK) {
            state = send_piece(writer, writers->piece, count);
        } else {
            state = error == ERR_BUSY ? WRITER_WAITS : WRITER_FINISHED;
        }
    }
    return state;
}

static void end_writer(struct writers *writers, struct writer *writer) {
    epoll_ctl(writers->epoll_fd, EPOLL_CTL_DEL, writer->settings.fd, NULL);
    LIST_REMOVE(writer, in_list);
    struct writer_settings settings = writer->settings;
    free(writer->rest);
    free(writer);
    settings.ended(settings.user);
}

static void settle_writer(struct writers *writers, struct writer *writer, enum writer_state state) {
    writer->state = state;
    if (state == WRITER_FINISHED) {
        end_writer(writers, writer);
    } else if (state == WRITER_YIELDS) {
        writers->some_yield = true;
    }
}

/* ---- The thread ---- */

static void add_writer(struct writers *writers, struct writer *writer) {
    LIST_INSERT_HEAD(&writers->list, writer, in_list);
    writer->last_progress_ns = clock_monotonic_ns();
    /* Edge-triggered: the socket is written to until it refuses, so its next becoming writable is news. */
    struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = writer};
    bool added = epoll_ctl(writers->epoll_fd, EPOLL_CTL_ADD, writer->settings.fd, &event) == 0;
    settle_writer(writers, writer, added ? run_writer(writers, writer) : WRITER_FINISHED);
}

/* False when it is time to stop. */
static bool take_arrivals(struct writers *writers) {
    event_clear(&writers->wake);
    lock_acquire(&writers->lock);
    struct writer_arrivals arrivals = writers->arrivals;
    SLIST_INIT(&writers->arrivals);
    bool stop = writers->stop;
    lock_release(&writers->lock);
    while (!SLIST_EMPTY(&arrivals)) {
        struct writer *writer = SLIST_FIRST(&arrivals);
        SLIST_REMOVE_HEAD(&arrivals, in_arrivals);
        add_writer(writers, writer);
    }
    return !stop;
}

static void run_all_in(struct writers *writers, enum writer_state state) {
    for (struct writer *writer = LIST_FIRST(&writers->list), *next; writer != NULL; writer = next) {
        next = LIST_NEXT(writer, in_list);
        if (writer->state == state) {
            settle_writer(writers, writer, run_writer(writers, writer));
        }
    }
}

static void handle_socket(struct writers *writers, struct writer *writer, uint32_t events) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        settle_writer(writers, writer, WRITER_FINISHED);
    } else if (writer->state == WRITER_BLOCKED) {
        settle_writer(writers, writer, run_writer(writers, writer));
    }
}

/* Drops clients that take nothing, and reassures those that have not heard anything for long. */
static void look_at_clock(struct writers *writers, int64_t now_ns) {
    for (struct writer *writer = LIST_FIRST(&writers->list), *next; writer != NULL; writer = next) {
        next = LIST_NEXT(writer, in_list);
        int64_t silent_ns = now_ns - writer->last_progress_ns;
        const char *heartbeat = writer->settings.heartbeat;
        if (writer->state == WRITER_BLOCKED && silent_ns >= STALLED_AFTER_NS) {
            settle_writer(writers, writer, WRITER_FINISHED);
        } else if (writer->state == WRITER_WAITS && heartbeat != NULL && silent_ns >= HEARTBEAT_NS) {
            enum writer_state state = send_piece(writer, heartbeat, strlen(heartbeat));
            settle_writer(writers, writer, state == WRITER_YIELDS ? WRITER_WAITS : state);
        }
    }
}

static void *write_all(void *argument) {
    struct writers *writers = argument;
    struct epoll_event events[EVENTS_A_ROUND];
    int64_t look_ns = clock_monotonic_ns() + LOOK_AT_CLOCK_NS;
    bool go_on = true;
    while (go_on) {
        int64_t until_ns = writers->some_yield ? 0 : LIST_EMPTY(&writers->list) ? CLOCK_NEVER : look_ns;
        bool has_news = false;
        int count = epoll_wait(writers->epoll_fd, events, EVENTS_A_ROUND, clock_poll_timeout_ms(until_ns));
        for (int i = 0; i < count; i++) {
            void *whose = events[i].data.ptr;
            if (whose == &writers->wake) {
                go_on = take_arrivals(writers);
            } else if (whose == &writers->source) {
                writers->source.clear(writers->source.user);
                has_news = true;
            } else {
                handle_socket(writers, whose, events[i].events);
            }
        }
        if (has_news) {
            run_all_in(writers, WRITER_WAITS);
        }
        if (writers->some_yield) {
            writers->some_yield = false;
            run_all_in(writers, WRITER_YIELDS);
        }
        int64_t now_ns = clock_monotonic_ns();
        if (now_ns >= look_ns) {
            look_ns = now_ns + LOOK_AT_CLOCK_NS;
            look_at_clock(writers, now_ns);
        }
    }
    for (struct writer *writer = LIST_FIRST(&writers->list), *next; writer != NULL; writer = next) {
        next = LIST_NEXT(writer, in_list);
        end_writer(writers, writer);
    }
    return NULL;
}

/* ---- Others ---- */

static enum err watch(struct writers *writers, int fd, uint32_t events, void *whose) {
    struct epoll_event event = {.events = events, .data.ptr = whose};
    return epoll_ctl(writers->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? ERR_OK : err_from_errno(errno);
}

enum err writers_create(const struct writers_source *source, struct writers **out) {
    struct writers *writers = calloc(1, sizeof *writers);
    if (writers == NULL) {
        return ERR_MEMORY;
    }
    writers->source = *source;
    writers->wake.fd = -1;
    lock_init(&writers->lock);
    writers->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    enum err error = writers->epoll_fd < 0 ? err_from_errno(errno) : event_init(&writers->wake);
    if (error == ERR_OK) {
        error = watch(writers, writers->wake.fd, EPOLLIN, &writers->wake);
    }
    if (error == ERR_OK && source->fd >= 0) {
        error = watch(writers, source->fd, EPOLLIN | EPOLLET, &writers->source);
    }
    if (error != ERR_OK) {
        writers_destroy(&writers);
        return error;
    }
    *out = writers;
    return ERR_OK;
}

/* The thread starts with its first client. */
static enum err accept_locked(struct writers *writers, struct writer *writer) {
    if (writers->stop) {
        return ERR_CLOSED;
    }
    enum err error = writers->started ? ERR_OK : thread_start(&writers->thread, "writers", 0, write_all, writers);
    if (error == ERR_OK) {
        writers->started = true;
        SLIST_INSERT_HEAD(&writers->arrivals, writer, in_arrivals);
    }
    return error;
}

enum err writers_begin(struct writers *writers, const struct writer_settings *settings) {
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return ERR_MEMORY;
    }
    writer->settings = *settings;
    lock_acquire(&writers->lock);
    enum err error = accept_locked(writers, writer);
    lock_release(&writers->lock);
    if (error != ERR_OK) {
        free(writer);
        return error;
    }
    event_set(&writers->wake);
    /* cppcheck-suppress memleak; it is in the list */
    return ERR_OK;
}

void writers_stop(struct writers *writers) {
    lock_acquire(&writers->lock);
    writers->stop = true;
    lock_release(&writers->lock);
    event_set(&writers->wake);
}

void writers_destroy(struct writers **writers_pointer) {
    struct writers *writers = *writers_pointer;
    *writers_pointer = NULL;
    if (writers == NULL) {
        return;
    }
    if (writers->wake.fd >= 0) {
        writers_stop(writers);
        if (writers->started) {
            pthread_join(writers->thread, NULL);
        }
        event_finish(&writers->wake);
    }
    if (writers->epoll_fd >= 0) {
        close(writers->epoll_fd);
    }
    lock_finish(&writers->lock);
    free(writers);
}
