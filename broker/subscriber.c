#include "broker/subscriber.h"

#include "broker/base/clock.h"
#include "broker/topic.h"
#include "broker/topic_demand.h"
#include "broker/topic_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void log_event_locked(const struct topic *topic, const struct subscriber *subscriber, enum event_log_kind kind)
    REQUIRES(&topic->lock) {
    if (topic->event_log == NULL || subscriber->is_internal || subscriber->inbox == NULL) {
        return;
    }
    struct event_log_entry entry = {.kind = kind, .viewer = subscriber->id, .route = subscriber->route};
    memcpy(entry.camera, topic->id, sizeof topic->id);
    memcpy(entry.remote, subscriber->remote, sizeof entry.remote);
    event_log_publish(topic->event_log, &entry);
}

static enum err join_locked(struct topic *topic, struct subscriber *subscriber) REQUIRES(&topic->lock) {
    struct inbox_watch *watch = subscriber->watch;
    if (topic->closed) {
        return ERR_CLOSED;
    }
    if (watch != NULL && LIST_EMPTY(&watch->members)) {
        if (topic->watch_count == TOPIC_INBOXES_MAX) {
            return ERR_BUSY;
        }
        topic->watch_count++;
        LIST_INSERT_HEAD(&topic->watches, watch, in_topic);
    }
    LIST_INSERT_HEAD(&topic->subscribers, subscriber, in_topic);
    topic->subscriber_count++;
    /* Everything so far was published before this subscriber came: only the newest is for it. */
    uint64_t position = topic->ring.position;
    subscriber->cursor = frame_ring_newest(&topic->ring) != NULL ? position - 1 : position;
    log_event_locked(topic, subscriber, EVENT_LOG_VIEWER_CAME);
    return ERR_OK;
}

/* On failure nothing has changed. */
static enum err join(struct topic *topic, struct subscriber *subscriber) {
    if (subscriber->inbox != NULL) {
        subscriber->watch = inbox_watch_topic(subscriber->inbox, topic);
        if (subscriber->watch == NULL) {
            return ERR_MEMORY;
        }
    }
    lock_acquire(&topic->lock);
    enum err error = join_locked(topic, subscriber);
    bool first = topic->subscriber_count == 1;
    lock_release(&topic->lock);
    if (error == ERR_OK && subscriber->watch != NULL) {
        inbox_watch_add(subscriber->watch, &subscriber->member);
        inbox_ref(subscriber->inbox);
    } else if (subscriber->watch != NULL) {
        inbox_watch_release(subscriber->watch);
    }
    if (error == ERR_OK) {
        topic_ref(topic);
    }
    if (error == ERR_OK && first) {
        topic_call_demand(topic);
    }
    return error;
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
    subscriber->member.subscriber = subscriber;
    subscriber->user = settings->user;
    subscriber->route = settings->route;
    subscriber->is_internal = settings->is_internal;
    snprintf(subscriber->remote, sizeof subscriber->remote, "%s", settings->remote);
    subscriber->connected_at_ns = clock_monotonic_ns();
    enum err error = join(topic, subscriber);
    if (error != ERR_OK) {
        free(subscriber);
        return error;
    }
    *out = subscriber;
    return ERR_OK;
}

static struct delivery *delivery_of(struct topic *topic) {
    return topic->source != NULL ? &topic->source->delivered : &topic->delivered;
}

static void add_to_total(_Atomic uint64_t *total, uint64_t count) {
    atomic_fetch_add_explicit(total, count, memory_order_relaxed);
}

/* Until now the client could still declare that it did not want the frames before the one it took. The total must not
 * decrease, so it gets them only here. */
static void settle_skips_locked(struct topic *topic, struct subscriber *subscriber) REQUIRES(&topic->lock) {
    if (!subscriber->is_internal && subscriber->skipped > subscriber->skipped_settled) {
        add_to_total(&delivery_of(topic)->skipped, subscriber->skipped - subscriber->skipped_settled);
        subscriber->skipped_settled = subscriber->skipped;
    }
}

static void leave_locked(struct topic *topic, struct subscriber *subscriber) REQUIRES(&topic->lock) {
    struct inbox_watch *watch = subscriber->watch;
    if (watch != NULL && LIST_EMPTY(&watch->members)) {
        LIST_REMOVE(watch, in_topic);
        topic->watch_count--;
    }
    settle_skips_locked(topic, subscriber);
    LIST_REMOVE(subscriber, in_topic);
    topic->subscriber_count--;
    log_event_locked(topic, subscriber, EVENT_LOG_VIEWER_LEFT);
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
    if (subscriber->watch != NULL) {
        inbox_watch_remove(subscriber->watch, &subscriber->member);
    }
    lock_acquire(&topic->lock);
    leave_locked(topic, subscriber);
    bool none_left = topic->subscriber_count == 0;
    lock_release(&topic->lock);
    if (subscriber->watch != NULL) {
        inbox_watch_release(subscriber->watch);
    }
    if (none_left) {
        topic_call_demand(topic);
    }
    inbox_unref(&subscriber->inbox);
    free(subscriber);
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
    struct frame *newest = frame_ring_newest(&topic->ring);
    if (topic->closed) {
        error = ERR_CLOSED;
    } else if (newest == NULL || topic->ring.position == subscriber->cursor) {
        error = ERR_BUSY;
    } else {
        settle_skips_locked(topic, subscriber);
        subscriber->skipped += topic->ring.position - subscriber->cursor - 1;
        subscriber->cursor = topic->ring.position;
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
        struct frame *newest = frame_ring_newest(&topic->ring);
        if (topic->closed) {
            error = ERR_CLOSED;
            break;
        }
        if (newest != NULL && ends_wait(newest, captured_from_ns, or_failure)) {
            subscriber->cursor = topic->ring.position;
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
    add_to_total(&delivered->sent, frames);
    add_to_total(&delivered->bytes, bytes);
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
