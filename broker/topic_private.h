/* The inside of topics and subscribers, for topic.c, topic_demand.c, topic_snapshot.c,
 * subscriber.c and variant_supply.c only. */
#ifndef BROKER_TOPIC_PRIVATE_H
#define BROKER_TOPIC_PRIVATE_H

#include "broker/base/rate.h"
#include "broker/base/refcount.h"
#include "broker/base/sync.h"
#include "broker/control.h"
#include "broker/event_log.h"
#include "broker/frame/frame_queue.h"
#include "broker/frame/frame_ring.h"
#include "broker/frame/mailbox.h"
#include "broker/inbox.h"
#include "broker/motion_port.h"
#include "broker/topic_report.h"
#include "broker/topic_settings.h"

struct variant_supply;

struct subscriber {
    uint64_t id;
    struct topic *topic;       /* a reference */
    struct inbox *inbox;       /* a reference; NULL for one that only waits */
    struct inbox_watch *watch; /* NULL likewise */
    struct inbox_member member;
    void *user;
    const char *route;
    char remote[SUBSCRIBER_REMOTE_BYTES];
    bool is_internal;
    int64_t connected_at_ns;
    LIST_ENTRY(subscriber) in_topic GUARDED_BY(topic->lock);
    uint64_t cursor GUARDED_BY(topic->lock); /* position of the last frame taken, or passed over */
    uint64_t sent GUARDED_BY(topic->lock), skipped GUARDED_BY(topic->lock), bytes GUARDED_BY(topic->lock);
    uint64_t skipped_settled GUARDED_BY(topic->lock); /* part of skipped that its topic's delivery includes */
    struct rate sent_rate GUARDED_BY(topic->lock);
};

/* Relaxed: each counts for itself. */
struct delivery {
    _Atomic uint64_t sent, skipped, bytes;
};

struct topic {
    struct refcount references;
    char id[TOPIC_ID_MAX_BYTES + 1];
    const struct frame_envelope *envelope;
    struct event_log *event_log; /* NULL: none */
    bool logs_state;             /* to the event log */
    struct topic *source;        /* the topic that it is derived from, a reference; NULL: none */
    _Atomic uint64_t generation; /* sequentially consistent: see is_outdated() */
    struct delivery delivered;   /* to its own subscribers and those of topics that are derived from it */

    struct lock lock;
    struct topic_settings settings GUARDED_BY(lock);
    struct condition published; /* a frame, or the topic was closed */
    bool closed GUARDED_BY(lock);
    struct frame_ring ring GUARDED_BY(lock);
    struct frame_queue *queue GUARDED_BY(lock); /* a reference; NULL: none */

    enum camera_state state GUARDED_BY(lock);
    uint64_t state_change GUARDED_BY(lock); /* counts the changes */
    int64_t state_since_realtime_ns GUARDED_BY(lock);
    int64_t created_realtime_ns;
    struct reason error GUARDED_BY(lock);

    uint32_t width_px GUARDED_BY(lock), height_px GUARDED_BY(lock);
    const char *format GUARDED_BY(lock);
    uint64_t live_frames GUARDED_BY(lock), dropped GUARDED_BY(lock), invalid GUARDED_BY(lock),
        restarts GUARDED_BY(lock);
    struct rate captured_rate GUARDED_BY(lock);
    struct frame_info last GUARDED_BY(lock);     /* of the newest live frame; sequence 0 before the first */
    struct topic_report report GUARDED_BY(lock); /* of a camera elsewhere; sequence 0: none */
    size_t last_bytes GUARDED_BY(lock);
    uint64_t live_bytes GUARDED_BY(lock);

    LIST_HEAD(, inbox_watch) watches GUARDED_BY(lock);
    unsigned watch_count GUARDED_BY(lock);
    LIST_HEAD(, subscriber) subscribers GUARDED_BY(lock);
    size_t subscriber_count GUARDED_BY(lock);
    int64_t unwatched_since_ns GUARDED_BY(lock); /* when the last subscriber left; 0: there has been none */

    void (*demand)(void *user) GUARDED_BY(lock);
    void *demand_user GUARDED_BY(lock);
    unsigned demand_calls GUARDED_BY(lock); /* under way */
    struct condition demand_returned;

    const struct variant_supply *supply GUARDED_BY(lock); /* NULL: the workers make its variants */
    void *supply_user GUARDED_BY(lock);
    bool supply_is_called GUARDED_BY(lock);
    struct condition supply_returned;

    struct control_port controls; /* has a lock of its own */
    struct mailbox mailbox;       /* likewise */
    struct motion_port motion;    /* likewise */
};

#define TOPIC_INBOXES_MAX 130 /* on one topic: two of each sender, that of the variants, that of the cluster */

#endif
