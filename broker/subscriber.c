#include "broker/topic_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Links for the three lists that threads walk; each is doubly linked, without a head element. */
#define LIST_ADD(head, item, next, previous)                                                                           \
    do {                                                                                                               \
        (item)->previous = NULL;                                                                                       \
        (item)->next = (head);                                                                                         \
        if ((head) != NULL) {                                                                                          \
            (head)->previous = (item);                                                                                 \
        }                                                                                                              \
        (head) = (item);                                                                                               \
    } while (0)
#define LIST_REMOVE(head, item, next, previous)                                                                        \
    do {                                                                                                               \
        if ((item)->previous != NULL) {                                                                                \
            (item)->previous->next = (item)->next;                                                                     \
        } else {                                                                                                       \
            (head) = (item)->next;                                                                                     \
        }                                                                                                              \
        if ((item)->next != NULL) {                                                                                    \
            (item)->next->previous = (item)->previous;                                                                 \
        }                                                                                                              \
    } while (0)

enum err inbox_create(struct inbox **out) {
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return ERR_MEMORY;
    }
    enum err error = event_init(&inbox->event);
    if (error != ERR_OK) {
        free(inbox);
        return error;
    }
    atomic_init(&inbox->references, 1);
    lock_init(&inbox->turn);
    *out = inbox;
    return ERR_OK;
}

void inbox_unref(struct inbox **inbox_pointer) {
    struct inbox *inbox = *inbox_pointer;
    *inbox_pointer = NULL;
    if (inbox != NULL && atomic_fetch_sub_explicit(&inbox->references, 1, memory_order_acq_rel) == 1) {
        event_finish(&inbox->event);
        lock_finish(&inbox->turn);
        free(inbox);
    }
}

void inbox_destroy(struct inbox **inbox) {
    assert(*inbox == NULL || (*inbox)->watches == NULL);
    inbox_unref(inbox);
}

int inbox_fd(const struct inbox *inbox) { return inbox->event.fd; }

/* Whoever wakes has set its own news before; inbox_begin() clears `awake` before it looks for news. Both exchange the
 * same flag, so either this call sees the flag clear and sets the event, or the round that begins sees the news. */
void inbox_wake(struct inbox *inbox) {
    if (!atomic_exchange_explicit(&inbox->awake, true, memory_order_acq_rel)) {
        event_set(&inbox->event);
    }
}

static void begin_round(struct inbox *inbox) {
    inbox->round_watch = inbox->watches;
    inbox->round_subscriber = NULL;
}

void inbox_begin(struct inbox *inbox) {
    event_clear(&inbox->event);
    atomic_exchange_explicit(&inbox->awake, false, memory_order_acq_rel);
    begin_round(inbox);
}

void inbox_let_publishers_serve(struct inbox *inbox, inbox_serve *serve, void *user) {
    lock_acquire(&inbox->turn);
    inbox->serve = serve;
    inbox->serve_user = user;
    lock_release(&inbox->turn);
}

void inbox_take_turn(struct inbox *inbox) SYNC_ATTRIBUTE(no_thread_safety_analysis) { lock_acquire(&inbox->turn); }

void inbox_end_turn(struct inbox *inbox) SYNC_ATTRIBUTE(no_thread_safety_analysis) { lock_release(&inbox->turn); }

void inbox_tell(struct inbox *inbox) {
    bool served = false;
    if (lock_try(&inbox->turn)) {
        if (inbox->serve != NULL) {
            begin_round(inbox);
            served = inbox->serve(inbox->serve_user);
        }
        lock_release(&inbox->turn);
    }
    if (!served) {
        inbox_wake(inbox);
    }
}

struct subscriber *inbox_next(struct inbox *inbox) {
    while (inbox->round_subscriber == NULL && inbox->round_watch != NULL) {
        struct watch *watch = inbox->round_watch;
        inbox->round_watch = watch->next_of_inbox;
        if (atomic_exchange_explicit(&watch->fired, false, memory_order_acq_rel)) {
            inbox->round_subscriber = watch->subscribers;
        }
    }
    struct subscriber *subscriber = inbox->round_subscriber;
    if (subscriber != NULL) {
        inbox->round_subscriber = subscriber->next_of_watch;
    }
    return subscriber;
}

/* The inbox's watch on the topic, made if there is none yet; NULL when memory ran out. */
static struct watch *find_or_make_watch(struct topic *topic, struct inbox *inbox) {
    for (struct watch *watch = inbox->watches; watch != NULL; watch = watch->next_of_inbox) {
        if (watch->topic == topic) {
            return watch;
        }
    }
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch != NULL) {
        watch->topic = topic;
        watch->inbox = inbox;
    }
    return watch;
}

static void tell_journal_locked(const struct topic *topic, const struct subscriber *subscriber, enum journal_kind kind)
    REQUIRES(&topic->lock) {
    if (topic->journal == NULL || subscriber->is_internal || subscriber->inbox == NULL) {
        return;
    }
    struct journal_entry entry = {.kind = kind, .viewer = subscriber->id, .route = subscriber->route};
    memcpy(entry.camera, topic->id, sizeof topic->id);
    memcpy(entry.remote, subscriber->remote, sizeof entry.remote);
    journal_publish(topic->journal, &entry);
}

static enum err join_locked(struct topic *topic, struct subscriber *subscriber) REQUIRES(&topic->lock) {
    struct watch *watch = subscriber->watch;
    if (topic->closed) {
        return ERR_CLOSED;
    }
    if (watch != NULL && watch->subscribers == NULL) {
        if (topic->watch_count == TOPIC_INBOXES_MAX) {
            return ERR_BUSY;
        }
        topic->watch_count++;
        LIST_ADD(topic->watches, watch, next_of_topic, previous_of_topic);
    }
    if (watch != NULL) {
        LIST_ADD(watch->subscribers, subscriber, next_of_watch, previous_of_watch);
    }
    LIST_ADD(topic->subscribers, subscriber, next_of_topic, previous_of_topic);
    topic->subscriber_count++;
    /* Everything so far was published before this subscriber came: only the newest is for it. */
    subscriber->cursor = topic_newest_locked(topic) != NULL ? topic->position - 1 : topic->position;
    tell_journal_locked(topic, subscriber, JOURNAL_VIEWER_CAME);
    return ERR_OK;
}

enum err subscriber_create(struct topic *topic, struct inbox *inbox, const struct subscriber_settings *settings,
                           struct subscriber **out) {
    static _Atomic uint64_t last_id; /* relaxed: only uniqueness counts */
    struct subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL) {
        return ERR_MEMORY;
    }
    subscriber->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    subscriber->topic = topic;
    subscriber->inbox = inbox;
    subscriber->user = settings->user;
    subscriber->route = settings->route;
    subscriber->is_internal = settings->is_internal;
    snprintf(subscriber->remote, sizeof subscriber->remote, "%s", settings->remote);
    subscriber->connected_at_ns = clock_monotonic_ns();
    if (inbox != NULL) {
        subscriber->watch = find_or_make_watch(topic, inbox);
        if (subscriber->watch == NULL) {
            free(subscriber);
            return ERR_MEMORY;
        }
    }

    struct watch *watch = subscriber->watch;
    bool new_watch = watch != NULL && watch->subscribers == NULL;
    lock_acquire(&topic->lock);
    enum err error = join_locked(topic, subscriber);
    bool first = topic->subscriber_count == 1;
    lock_release(&topic->lock);
    if (error != ERR_OK) {
        if (new_watch) {
            free(watch);
        }
        free(subscriber);
        return error;
    }
    if (new_watch) {
        LIST_ADD(watch->inbox->watches, watch, next_of_inbox, previous_of_inbox);
    }
    topic_ref(topic);
    if (inbox != NULL) {
        atomic_fetch_add_explicit(&inbox->references, 1, memory_order_relaxed);
    }
    if (first) {
        topic_call_demand(topic);
    }
    *out = subscriber;
    return ERR_OK;
}

static struct delivery *delivery_of(struct topic *topic) {
    return topic->source != NULL ? &topic->source->delivered : &topic->delivered;
}

static void add(_Atomic uint64_t *total, uint64_t count) {
    atomic_fetch_add_explicit(total, count, memory_order_relaxed);
}

/* A client may say of the frames before the one it took that it did not want them, but not later than this. So the
 * total, which must not go back, gets them only now. */
static void settle_skips_locked(struct topic *topic, struct subscriber *subscriber) REQUIRES(&topic->lock) {
    if (!subscriber->is_internal && subscriber->skipped > subscriber->skipped_settled) {
        add(&delivery_of(topic)->skipped, subscriber->skipped - subscriber->skipped_settled);
        subscriber->skipped_settled = subscriber->skipped;
    }
}

static void leave_locked(struct topic *topic, struct subscriber *subscriber) REQUIRES(&topic->lock) {
    struct watch *watch = subscriber->watch;
    if (watch != NULL) {
        if (subscriber->inbox->round_subscriber == subscriber) {
            subscriber->inbox->round_subscriber = subscriber->next_of_watch;
        }
        LIST_REMOVE(watch->subscribers, subscriber, next_of_watch, previous_of_watch);
        if (watch->subscribers == NULL) {
            LIST_REMOVE(topic->watches, watch, next_of_topic, previous_of_topic);
            topic->watch_count--;
        }
    }
    settle_skips_locked(topic, subscriber);
    LIST_REMOVE(topic->subscribers, subscriber, next_of_topic, previous_of_topic);
    topic->subscriber_count--;
    tell_journal_locked(topic, subscriber, JOURNAL_VIEWER_LEFT);
    if (topic->subscriber_count == 0) {
        topic->unwatched_since_ns = clock_monotonic_ns();
    }
}

void subscriber_destroy(struct subscriber **subscriber_pointer) {
    struct subscriber *subscriber = *subscriber_pointer;
    *subscriber_pointer = NULL;
    if (subscriber == NULL) {
        return;
    }
    struct topic *topic = subscriber->topic;
    struct inbox *inbox = subscriber->inbox;
    struct watch *watch = subscriber->watch;
    lock_acquire(&topic->lock);
    leave_locked(topic, subscriber);
    bool none_left = topic->subscriber_count == 0;
    lock_release(&topic->lock);
    if (watch != NULL && watch->subscribers == NULL) {
        if (inbox->round_watch == watch) {
            inbox->round_watch = watch->next_of_inbox;
        }
        LIST_REMOVE(inbox->watches, watch, next_of_inbox, previous_of_inbox);
        free(watch);
    }
    if (none_left) {
        topic_call_demand(topic);
    }
    free(subscriber);
    inbox_unref(&inbox);
    topic_unref(&topic);
}

void *subscriber_user(const struct subscriber *subscriber) { return subscriber->user; }

struct topic *subscriber_topic(const struct subscriber *subscriber) {
    return subscriber->topic;
}

uint64_t subscriber_id(const struct subscriber *subscriber) { return subscriber->id; }

enum err subscriber_take(struct subscriber *subscriber, struct frame **frame) {
    struct topic *topic = subscriber->topic;
    enum err error = ERR_OK;
    lock_acquire(&topic->lock);
    struct frame *newest = topic_newest_locked(topic);
    if (topic->closed) {
        error = ERR_CLOSED;
    } else if (newest == NULL || topic->position == subscriber->cursor) {
        error = ERR_BUSY;
    } else {
        settle_skips_locked(topic, subscriber);
        subscriber->skipped += topic->position - subscriber->cursor - 1;
        subscriber->cursor = topic->position;
        *frame = frame_ref(newest);
    }
    lock_release(&topic->lock);
    return error;
}

static bool ends_wait(const struct frame *frame, int64_t captured_from_ns, bool or_failure) {
    const struct frame_info *info = frame_info(frame);
    if (info->state == STATE_LIVE) {
        return info->captured_monotonic_ns >= captured_from_ns;
    }
    return or_failure && (info->state == STATE_STALE || info->state == STATE_OFFLINE);
}

enum err subscriber_wait(struct subscriber *subscriber, int64_t captured_from_ns, bool or_failure, int64_t deadline_ns,
                         struct frame **frame) {
    struct topic *topic = subscriber->topic;
    enum err error = ERR_OK;
    lock_acquire(&topic->lock);
    for (bool in_time = true;;) {
        struct frame *newest = topic_newest_locked(topic);
        if (topic->closed) {
            error = ERR_CLOSED;
            break;
        }
        if (newest != NULL && ends_wait(newest, captured_from_ns, or_failure)) {
            subscriber->cursor = topic->position;
            *frame = frame_ref(newest);
            break;
        }
        if (!in_time) {
            error = ERR_TIMEOUT;
            break;
        }
        in_time = condition_wait_until(&topic->published, &topic->lock, deadline_ns);
    }
    lock_release(&topic->lock);
    return error;
}

void subscriber_count_sent(struct subscriber *subscriber, unsigned frames, size_t bytes) {
    struct topic *topic = subscriber->topic;
    struct delivery *delivered = delivery_of(topic);
    add(&delivered->sent, frames);
    add(&delivered->bytes, bytes);
    int64_t now_ns = clock_monotonic_ns();
    lock_acquire(&topic->lock);
    subscriber->bytes += bytes;
    if (frames > 0) {
        subscriber->sent += frames;
        rate_add(&subscriber->sent_rate, now_ns);
    }
    lock_release(&topic->lock);
}

void subscriber_adjust_skipped(struct subscriber *subscriber, int64_t frames) {
    struct topic *topic = subscriber->topic;
    lock_acquire(&topic->lock);
    int64_t skipped = (int64_t)subscriber->skipped + frames;
    subscriber->skipped = skipped > 0 ? (uint64_t)skipped : 0;
    lock_release(&topic->lock);
}
