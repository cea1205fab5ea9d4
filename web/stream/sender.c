#include "web/stream/sender.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/inbox.h"
#include "broker/subscriber.h"
#include "web/stream/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SENDERS_MAX 64u
#define EVENTS_A_ROUND 64
/* Of so few streams a publisher serves those of one topic itself, which takes it a fraction of a millisecond. */
#define FEW_STREAMS 2
/* Streams of several topics get what these publish in so long with one system call. It delays a frame by less than a
 * screen needs to show it, and not at all after a pause. */
#define GATHER_NS (10 * NS_PER_MS)

SLIST_HEAD(stream_list, stream);

struct sender {
    pthread_t thread;
    bool started;
    struct inbox *inbox;         /* of streams of one topic, and for orders; its turn is the sender's */
    struct inbox *several_inbox; /* of streams of several topics */
    int epoll_fd;
    struct lock lock;
    struct stream_list arrivals GUARDED_BY(lock); /* handed over, not yet begun */
    bool stop GUARDED_BY(lock);
    atomic_uint stream_count; /* relaxed: only chooses who gets the next stream */
    /* In the sender's turn only: */
    LIST_HEAD(, stream) streams;
    int64_t timer_ns;         /* no stream's timer is due before */
    int64_t several_due_ns;   /* when to look into several_inbox; CLOCK_NEVER: it is empty */
    int64_t several_ready_ns; /* not before this */
};

struct senders {
    unsigned count;
    struct sender sender[];
};

/* ---- The sender's thread ---- */

/* The stream is over, and freed. */
static void finish_stream(struct stream *stream, enum err result) {
    struct stream_settings settings = stream->settings;
    stream_finish(stream);
    free(stream);
    settings.ended(settings.user, result);
}

static void end_stream(struct sender *sender, struct stream *stream) {
    epoll_ctl(sender->epoll_fd, EPOLL_CTL_DEL, stream->settings.fd, NULL);
    LIST_REMOVE(stream, in_sender);
    atomic_fetch_sub_explicit(&sender->stream_count, 1, memory_order_relaxed);
    stream_unsubscribe(stream);
    finish_stream(stream, ERR_OK);
}

static void note_timer(struct sender *sender, const struct stream *stream) {
    sender->timer_ns = min_i64(sender->timer_ns, stream->timer_ns);
}

static void settle_stream(struct sender *sender, struct stream *stream, enum stream_verdict verdict) {
    if (verdict == STREAM_ENDS) {
        end_stream(sender, stream);
    } else {
        note_timer(sender, stream);
    }
}

static enum err subscribe(struct sender *sender, struct stream *stream) {
    struct inbox *inbox = stream->settings.topic_count > 1 ? sender->several_inbox : sender->inbox;
    enum err error = stream_subscribe(stream, inbox);
    /* Edge-triggered: the socket is written to until it refuses, so its next becoming writable is news. */
    struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = stream};
    if (error == ERR_OK && epoll_ctl(sender->epoll_fd, EPOLL_CTL_ADD, stream->settings.fd, &event) != 0) {
        error = err_from_errno(errno);
    }
    if (error != ERR_OK) {
        stream_unsubscribe(stream);
    }
    return error;
}

static void begin_stream(struct sender *sender, struct stream *stream) {
    enum err error = subscribe(sender, stream);
    if (error != ERR_OK) {
        atomic_fetch_sub_explicit(&sender->stream_count, 1, memory_order_relaxed);
        finish_stream(stream, error);
        return;
    }
    LIST_INSERT_HEAD(&sender->streams, stream, in_sender);
    settle_stream(sender, stream, stream_begin(stream));
}

/* Takes over what other threads handed in. False when it is time to stop: then nothing more comes. */
static bool handle_orders(struct sender *sender) {
    lock_acquire(&sender->lock);
    struct stream_list arrivals = sender->arrivals;
    SLIST_INIT(&sender->arrivals);
    bool stop = sender->stop;
    lock_release(&sender->lock);
    while (!SLIST_EMPTY(&arrivals)) {
        struct stream *stream = SLIST_FIRST(&arrivals);
        SLIST_REMOVE_HEAD(&arrivals, in_list);
        begin_stream(sender, stream);
    }
    return !stop;
}

static void handle_socket(struct sender *sender, struct stream *stream, uint32_t events) {
    bool left = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    settle_stream(sender, stream, left ? STREAM_ENDS : stream_on_writable(stream));
}

static void handle_timers(struct sender *sender, int64_t now_ns) {
    sender->timer_ns = CLOCK_NEVER;
    for (struct stream *stream = LIST_FIRST(&sender->streams), *next; stream != NULL; stream = next) {
        next = LIST_NEXT(stream, in_sender);
        settle_stream(sender, stream, stream->timer_ns <= now_ns ? stream_on_timer(stream, now_ns) : STREAM_GOES_ON);
    }
}

/* Of those of one topic. NULL at the end of the inbox's round. */
static struct stream *next_with_news(struct sender *sender) {
    struct subscriber *subscriber = inbox_next(sender->inbox);
    if (subscriber == NULL) {
        return NULL;
    }
    struct channel *channel = subscriber_user(subscriber);
    stream_note_news(channel);
    return channel->stream;
}

static void hand_out_news(struct sender *sender) {
    inbox_begin(sender->inbox);
    struct stream *stream;
    while ((stream = next_with_news(sender)) != NULL) {
        settle_stream(sender, stream, stream_send_news(stream));
    }
}

/* Each stream sends once, whatever number of its topics has news. */
static void hand_out_several(struct sender *sender) {
    struct stream_list with_news = SLIST_HEAD_INITIALIZER(with_news);
    inbox_begin(sender->several_inbox);
    struct subscriber *subscriber;
    while ((subscriber = inbox_next(sender->several_inbox)) != NULL) {
        struct channel *channel = subscriber_user(subscriber);
        struct stream *stream = channel->stream;
        stream_note_news(channel);
        if (!stream->is_listed) {
            stream->is_listed = true;
            SLIST_INSERT_HEAD(&with_news, stream, in_list);
        }
    }
    while (!SLIST_EMPTY(&with_news)) {
        struct stream *stream = SLIST_FIRST(&with_news);
        SLIST_REMOVE_HEAD(&with_news, in_list);
        stream->is_listed = false;
        settle_stream(sender, stream, stream_send_news(stream));
    }
}

/* Waits without the turn, and serves the sockets. True: there is mail in the inbox. */
static bool wait_for_events(struct sender *sender) {
    struct epoll_event events[EVENTS_A_ROUND];
    int64_t until_ns = min_i64(sender->timer_ns, sender->several_due_ns);
    inbox_unlock_dispatch(sender->inbox);
    int count = epoll_wait(sender->epoll_fd, events, EVENTS_A_ROUND, clock_poll_timeout_ms(until_ns));
    inbox_lock_dispatch(sender->inbox);
    bool has_mail = false;
    for (int i = 0; i < count; i++) {
        void *whose = events[i].data.ptr;
        if (whose == &sender->inbox) {
            has_mail = true;
        } else if (whose == &sender->several_inbox) {
            sender->several_due_ns = sender->several_ready_ns;
        } else {
            handle_socket(sender, whose, events[i].events);
        }
    }
    return has_mail;
}

static void *run(void *argument) {
    struct sender *sender = argument;
    bool go_on = true;
    inbox_lock_dispatch(sender->inbox);
    while (go_on) {
        if (wait_for_events(sender)) {
            hand_out_news(sender);
            go_on = handle_orders(sender);
        }
        int64_t now_ns = clock_monotonic_ns();
        if (now_ns >= sender->several_due_ns) {
            sender->several_due_ns = CLOCK_NEVER;
            sender->several_ready_ns = now_ns + GATHER_NS;
            hand_out_several(sender);
        }
        if (now_ns >= sender->timer_ns) {
            handle_timers(sender, now_ns);
        }
    }
    while (!LIST_EMPTY(&sender->streams)) {
        end_stream(sender, LIST_FIRST(&sender->streams));
    }
    inbox_unlock_dispatch(sender->inbox);
    return NULL;
}

/* ---- A publisher's thread, in the sender's turn ---- */

/* The sender itself ends streams, since its epoll may just have told it about one. */
static bool serve_few(void *user) {
    struct sender *sender = user;
    if (atomic_load_explicit(&sender->stream_count, memory_order_relaxed) > FEW_STREAMS) {
        return false;
    }
    int64_t timer_ns = sender->timer_ns;
    struct stream *stream;
    while ((stream = next_with_news(sender)) != NULL) {
        enum stream_verdict verdict = stream_send_news(stream);
        (void)verdict; /* the timer of one that is over is due */
        note_timer(sender, stream);
    }
    if (sender->timer_ns < timer_ns) {
        inbox_wake(sender->inbox);
    }
    return true;
}

/* ---- Everybody else ---- */

/* events: EPOLLIN, and EPOLLET for one that is not looked into at once. */
static enum err open_inbox(struct sender *sender, struct inbox **inbox, uint32_t events) {
    enum err error = inbox_create(inbox);
    struct epoll_event event = {.events = events, .data.ptr = inbox};
    if (error == ERR_OK && epoll_ctl(sender->epoll_fd, EPOLL_CTL_ADD, inbox_fd(*inbox), &event) != 0) {
        error = err_from_errno(errno);
    }
    return error;
}

static enum err sender_start(struct sender *sender) {
    sender->timer_ns = sender->several_due_ns = CLOCK_NEVER;
    sender->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (sender->epoll_fd < 0) {
        return err_from_errno(errno);
    }
    enum err error = open_inbox(sender, &sender->inbox, EPOLLIN);
    if (error == ERR_OK) {
        error = open_inbox(sender, &sender->several_inbox, EPOLLIN | EPOLLET);
    }
    if (error == ERR_OK) {
        inbox_let_publishers_dispatch(sender->inbox, serve_few, sender);
        error = thread_start(&sender->thread, "sender", 0, run, sender);
        sender->started = error == ERR_OK;
    }
    return error;
}

enum err senders_create(unsigned count, struct senders **out) {
    count = thread_pool_size(count, SENDERS_MAX);
    struct senders *senders = calloc(1, sizeof *senders + count * sizeof senders->sender[0]);
    if (senders == NULL) {
        return ERR_MEMORY;
    }
    senders->count = count;
    for (unsigned i = 0; i < count; i++) {
        senders->sender[i].epoll_fd = -1;
        lock_init(&senders->sender[i].lock);
    }
    for (unsigned i = 0; i < count; i++) {
        enum err error = sender_start(&senders->sender[i]);
        if (error != ERR_OK) {
            senders_destroy(&senders);
            return error;
        }
    }
    *out = senders;
    return ERR_OK;
}

static struct sender *least_busy(struct senders *senders) {
    struct sender *best = &senders->sender[0];
    for (unsigned i = 1; i < senders->count; i++) {
        struct sender *other = &senders->sender[i];
        if (atomic_load_explicit(&other->stream_count, memory_order_relaxed) <
            atomic_load_explicit(&best->stream_count, memory_order_relaxed)) {
            best = other;
        }
    }
    atomic_fetch_add_explicit(&best->stream_count, 1, memory_order_relaxed);
    return best;
}

/* False once the sender is stopping. */
static bool hand_over(struct sender *sender, struct stream *stream) {
    lock_acquire(&sender->lock);
    bool accepted = !sender->stop;
    if (accepted) {
        SLIST_INSERT_HEAD(&sender->arrivals, stream, in_list);
    }
    lock_release(&sender->lock);
    if (accepted) {
        inbox_wake(sender->inbox);
    } else {
        atomic_fetch_sub_explicit(&sender->stream_count, 1, memory_order_relaxed);
    }
    return accepted;
}

enum err senders_begin(struct senders *senders, const struct stream_settings *settings) {
    struct stream *stream = malloc(sizeof *stream);
    enum err error = stream == NULL ? ERR_MEMORY : stream_init(stream, settings);
    if (error == ERR_OK && !hand_over(least_busy(senders), stream)) {
        stream_finish(stream);
        error = ERR_CLOSED;
    }
    if (error != ERR_OK) {
        free(stream);
    }
    return error;
}

void senders_stop(struct senders *senders) {
    for (unsigned i = 0; i < senders->count; i++) {
        struct sender *sender = &senders->sender[i];
        lock_acquire(&sender->lock);
        sender->stop = true;
        lock_release(&sender->lock);
        if (sender->started) {
            inbox_wake(sender->inbox);
        }
    }
}

void senders_destroy(struct senders **senders_pointer) {
    struct senders *senders = *senders_pointer;
    *senders_pointer = NULL;
    if (senders == NULL) {
        return;
    }
    senders_stop(senders);
    for (unsigned i = 0; i < senders->count; i++) {
        struct sender *sender = &senders->sender[i];
        if (sender->started) {
            pthread_join(sender->thread, NULL);
        }
        assert(LIST_EMPTY(&sender->streams) && SLIST_EMPTY(&sender->arrivals));
        if (sender->epoll_fd >= 0) {
            close(sender->epoll_fd);
        }
        if (sender->inbox != NULL) {
            inbox_let_publishers_dispatch(sender->inbox, NULL, NULL);
        }
        inbox_destroy(&sender->inbox);
        inbox_destroy(&sender->several_inbox);
        lock_finish(&sender->lock);
    }
    free(senders);
}
