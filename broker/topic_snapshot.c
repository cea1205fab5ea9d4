#include "broker/topic_snapshot.h"

#include "broker/base/clock.h"
#include "broker/topic_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void fill_locked(struct topic *topic, int64_t now_ns, struct topic_snapshot *snapshot) {
    *snapshot = (struct topic_snapshot){
        .settings = topic->settings,
        .state = topic->state,
        .state_since_realtime_ns = topic->state_since_realtime_ns,
        .created_realtime_ns = topic->created_realtime_ns,
        .restarts = topic->restarts,
        .width_px = topic->width_px,
        .height_px = topic->height_px,
        .format = topic->format,
        .captured_fps = rate_hz(&topic->captured_rate, now_ns),
        .published = topic->live_frames,
        .dropped = topic->dropped,
        .invalid = topic->invalid,
        .last_sequence = topic->last.sequence,
        .last_captured_realtime_ns = topic->last.captured_realtime_ns,
        .last_age_ns = now_ns - topic->last.captured_monotonic_ns,
        .last_bytes = topic->last_bytes,
        .published_bytes = topic->live_bytes,
        .motion = motion_port_status(&topic->motion),
        .delivered = {.sent = atomic_load_explicit(&topic->delivered.sent, memory_order_relaxed),
                      .skipped = atomic_load_explicit(&topic->delivered.skipped, memory_order_relaxed),
                      .bytes = atomic_load_explicit(&topic->delivered.bytes, memory_order_relaxed)},
    };
    if (topic->report.sequence > topic->last.sequence) {
        snapshot->last_sequence = topic->report.sequence;
        snapshot->last_captured_realtime_ns = topic->report.captured_realtime_ns;
        snapshot->last_age_ns = now_ns - topic->report.captured_monotonic_ns;
    }
    snprintf(snapshot->error, sizeof snapshot->error, "%s", topic->error.text);
}

/* Returns how many clients there are. */
static size_t fill_subscribers_locked(const struct topic *topic, int64_t now_ns, struct subscriber_snapshot *out) {
    size_t count = 0;
    const struct subscriber *subscriber;
    LIST_FOREACH (subscriber, &topic->subscribers, in_topic) {
        if (subscriber->is_internal) {
            continue;
        }
        assert(out != NULL); /* it holds as many as there are */
        out[count] = (struct subscriber_snapshot){
            .id = subscriber->id,
            .route = subscriber->route,
            .connected_ns = now_ns - subscriber->connected_at_ns,
            .sent = subscriber->sent,
            .skipped = subscriber->skipped,
            .bytes = subscriber->bytes,
            .fps = rate_hz(&subscriber->sent_rate, now_ns),
        };
        snprintf(out[count].remote, sizeof out[count].remote, "%s", subscriber->remote);
        count++;
    }
    return count;
}

enum err topic_snapshot(struct topic *topic, struct topic_snapshot *snapshot) {
    /* Memory for the subscribers is allocated without the lock, so it may turn out too small: then again. */
    size_t capacity = 0;
    struct subscriber_snapshot *subscribers = NULL;
    for (;;) {
        lock_acquire(&topic->lock);
        size_t count = topic->subscriber_count;
        if (count <= capacity) {
            break;
        }
        lock_release(&topic->lock);
        free(subscribers);
        capacity = count + 16;
        subscribers = calloc(capacity, sizeof *subscribers);
        if (subscribers == NULL) {
            return ERR_MEMORY;
        }
    }
    int64_t now_ns = clock_monotonic_ns();
    fill_locked(topic, now_ns, snapshot);
    snapshot->subscriber_count = fill_subscribers_locked(topic, now_ns, subscribers);
    lock_release(&topic->lock);
    snapshot->subscribers = subscribers;
    return ERR_OK;
}

void topic_snapshot_brief(struct topic *topic, struct topic_snapshot *snapshot) {
    lock_acquire(&topic->lock);
    fill_locked(topic, clock_monotonic_ns(), snapshot);
    lock_release(&topic->lock);
    snapshot->is_brief = true;
}

void topic_snapshot_finish(struct topic_snapshot *snapshot) {
    free(snapshot->subscribers);
    snapshot->subscribers = NULL;
    snapshot->subscriber_count = 0;
    free(snapshot->variants);
    snapshot->variants = NULL;
    snapshot->variant_count = 0;
}
