#include "web/sender.h"

#include "broker/clock.h"
#include "web/stream.h"

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

struct sender {
    pthread_t thread;
    bool started;
    struct inbox *inbox;         /* of streams of one topic, and for orders; its turn is the sender's */
    struct inbox *several_inbox; /* of streams of several topics */
    int epoll_fd;
    struct lock lock;
    struct stream *arrivals GUARDED_BY(lock); /* handed over, not yet begun */
    bool stop GUARDED_BY(lock);
    atomic_uint stream_count; /* relaxed: only chooses who gets the next stream */
    /* In the sender's turn only: */
    struct stream *streams;
    int64_t timer_ns;         /* no stream's timer is due before */
    int64_t several_due_ns;   /* when to look into several_inbox; CLOCK_NEVER: it is empty */
    int64_t several_ready_ns; /* not before this */
};

struct senders {
    unsigned count;
    struct sender sender[];
};

/* ---- The sender's thread ---- */

/* Tells the waiting thread; the stream is not ours any more after this. */
static void finish(struct stream *stream, enum err result) {
    lock_acquire(&stream->lock);
    stream->has_ended = true;
    stream->result = result;
    condition_signal(&stream->ended);
    lock_release(&stream->lock);
}

static void unsubscribe(struct stream *stream) {
    for (size_t i = 0; i < stream->settings.topic_count; i++) {
        subscriber_destroy(&stream->channels[i].subscriber);
    }
}

static void end_stream(struct sender *sender, struct stream *stream) {
    epoll_ctl(sender->epoll_fd, EPOLL_CTL_DEL, stream->settings.fd, NULL);
    if (stream->previous != NULL) {
        stream->previous->next = stream->next;
    } else {
        sender->streams = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    atomic_fetch_sub_explicit(&sender->stream_count, 1, memory_order_relaxed);
    unsubscribe(stream);
    finish(stream, ERR_OK);
}

static void note_timer(struct sender *sender, const struct stream *stream) {
    if (stream->timer_ns < sender->timer_ns) {
        sender->timer_ns = stream->timer_ns;
    }
}

static void settle(struct sender *sender, struct stream *stream, enum stream_verdict verdict) {
    if (verdict == STREAM_ENDS) {
        end_stream(sender, stream);
    } else {
        note_timer(sender, stream);
    }
}

static enum err subscribe(struct sender *sender, struct stream *stream) {
    enum err error = ERR_OK;
    struct inbox *inbox = stream->settings.topic_count > 1 ? sender->several_inbox : sender->inbox;
    for (size_t i = 0; i < stream->settings.topic_count && error == ERR_OK; i++) {
        struct channel *channel = &stream->channels[i];
        struct subscriber_settings settings = {
            .remote = stream->settings.remote, .route = stream->settings.route, .user = channel};
        error = subscriber_create(stream->settings.topics[i], inbox, &settings, &channel->subscriber);
    }
    /* Edge-triggered: the socket is written to until it refuses, so its next becoming writable is news. */
    struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = stream};
    if (error == ERR_OK && epoll_ctl(sender->epoll_fd, EPOLL_CTL_ADD, stream->settings.fd, &event) != 0) {
        error = err_from_errno(errno);
    }
    if (error != ERR_OK) {
        unsubscribe(stream);
    }
    return error;
}

static void begin_stream(struct sender *sender, struct stream *stream) {
    enum err error = subscribe(sender, stream);
    if (error != ERR_OK) {
        atomic_fetch_sub_explicit(&sender->stream_count, 1, memory_order_relaxed);
        finish(stream, error);
        return;
    }
    stream->previous = NULL;
    stream->next = sender->streams;
    if (stream->next != NULL) {
        stream->next->previous = stream;
    }
    sender->streams = stream;
    stream->begun_ns = stream->last_progress_ns = clock_monotonic_ns();
    settle(sender, stream, stream_begin(stream));
}

/* Takes over what other threads handed in. False when it is time to stop. */
static bool handle_orders(struct sender *sender) {
    lock_acquire(&sender->lock);
    struct stream *arrivals = sender->arrivals;
    sender->arrivals = NULL;
    bool stop = sender->stop;
    lock_release(&sender->lock);
    while (arrivals != NULL) {
        struct stream *stream = arrivals;
        arrivals = stream->next;
        begin_stream(sender, stream);
    }
    return !stop;
}

static void handle_socket(struct sender *sender, struct stream *stream, uint32_t events) {
    bool left = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    settle(sender, stream, left ? STREAM_ENDS : stream_on_writable(stream));
}

static void handle_timers(struct sender *sender, int64_t now_ns) {
    sender->timer_ns = CLOCK_NEVER;
    for (struct stream *stream = sender->streams, *next; stream != NULL; stream = next) {
        next = stream->next;
        enum stream_verdict verdict = stream->must_end ? STREAM_ENDS : STREAM_GOES_ON;
        if (verdict == STREAM_GOES_ON && stream->timer_ns <= now_ns) {
            verdict = stream_on_timer(stream, now_ns);
        }
        settle(sender, stream, verdict);
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
        settle(sender, stream, stream_send_news(stream));
    }
}

/* Each stream sends once, whatever number of its topics has news. */
static void hand_out_several(struct sender *sender) {
    struct stream *first = NULL;
    inbox_begin(sender->several_inbox);
    struct subscriber *subscriber;
    while ((subscriber = inbox_next(sender->several_inbox)) != NULL) {
        struct channel *channel = subscriber_user(subscriber);
        struct stream *stream = channel->stream;
        stream_note_news(channel);
        if (!stream->has_news) {
            stream->has_news = true;
            stream->next_with_news = first;
            first = stream;
        }
    }
    for (struct stream *stream = first, *next; stream != NULL; stream = next) {
        next = stream->next_with_news;
        stream->has_news = false;
        settle(sender, stream, stream_send_news(stream));
    }
}

/* Waits without the turn, and serves the sockets. True: there is mail in the inbox. */
static bool wait_for_events(struct sender *sender) {
    struct epoll_event events[EVENTS_A_ROUND];
    int64_t until_ns = sender->timer_ns < sender->several_due_ns ? sender->timer_ns : sender->several_due_ns;
    inbox_end_turn(sender->inbox);
    int count = epoll_wait(sender->epoll_fd, events, EVENTS_A_ROUND, clock_poll_timeout_ms(until_ns));
    inbox_take_turn(sender->inbox);
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
    inbox_take_turn(sender->inbox);
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
    while (sender->streams != NULL) {
        end_stream(sender, sender->streams);
    }
    inbox_end_turn(sender->inbox);
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
        if (stream_send_news(stream) == STREAM_ENDS) {
            stream->must_end = true;
            stream->timer_ns = 0;
        }
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
        inbox_let_publishers_serve(sender->inbox, serve_few, sender);
        error = thread_start(&sender->thread, "sender", 0, run, sender);
        sender->started = error == ERR_OK;
    }
    return error;
}

enum err senders_create(unsigned count, struct senders **out) {
    if (count == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        count = cores > 0 ? (unsigned)cores : 1;
    }
    if (count > SENDERS_MAX) {
        count = SENDERS_MAX;
    }
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
        stream->next = sender->arrivals;
        sender->arrivals = stream;
    }
    lock_release(&sender->lock);
    if (accepted) {
        inbox_wake(sender->inbox);
    } else {
        atomic_fetch_sub_explicit(&sender->stream_count, 1, memory_order_relaxed);
    }
    return accepted;
}

enum err senders_serve(struct senders *senders, const struct stream_settings *settings) {
    struct stream stream;
    enum err error = stream_init(&stream, settings);
    if (error != ERR_OK) {
        return error;
    }
    if (hand_over(least_busy(senders), &stream)) {
        lock_acquire(&stream.lock);
        while (!stream.has_ended) {
            condition_wait(&stream.ended, &stream.lock);
        }
        lock_release(&stream.lock);
    } else {
        stream.result = ERR_CLOSED;
    }
    error = stream.result;
    stream_finish(&stream);
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
        assert(sender->streams == NULL && sender->arrivals == NULL);
        if (sender->epoll_fd >= 0) {
            close(sender->epoll_fd);
        }
        if (sender->inbox != NULL) {
            inbox_let_publishers_serve(sender->inbox, NULL, NULL);
        }
        inbox_destroy(&sender->inbox);
        inbox_destroy(&sender->several_inbox);
        lock_finish(&sender->lock);
    }
    free(senders);
}
