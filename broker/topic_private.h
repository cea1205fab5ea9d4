/* What topic.c, subscriber.c and topic_snapshot.c share; nobody else includes it. */
#ifndef BROKER_TOPIC_PRIVATE_H
#define BROKER_TOPIC_PRIVATE_H

#include "broker/clock.h"
#include "broker/mailbox.h"
#include "broker/rate.h"
#include "broker/sync.h"
#include "broker/topic.h"

#include <stdatomic.h>

#define RING_FRAMES_MAX 64
/* What may watch one topic at once: two inboxes a sender, and that of the variants. */
#define TOPIC_INBOXES_MAX 129

/* One inbox's interest in one topic: exists while a subscriber of that inbox is on that topic. */
struct watch {
    struct topic *topic;
    struct inbox *inbox;
    atomic_bool fired;              /* published since the inbox's last round; the inbox's event orders it */
    struct subscriber *subscribers; /* changed in the inbox's turn with the topic's lock held */
    struct watch *next_of_inbox, *previous_of_inbox; /* in the inbox's turn only */
    struct watch *next_of_topic GUARDED_BY(topic->lock), *previous_of_topic GUARDED_BY(topic->lock);
};

struct inbox {
    atomic_uint references; /* its owner, its subscribers, and publishers that are about to wake it */
    struct event event;
    atomic_bool awake; /* the event is set: spares the system call of setting it again */
    struct lock turn;  /* of using what follows; needless while publishers do not serve it */
    inbox_serve *serve GUARDED_BY(turn);
    void *serve_user GUARDED_BY(turn);
    struct watch *watches;
    struct watch *round_watch;           /* the next one to look at in this round */
    struct subscriber *round_subscriber; /* the next one to name, of the watch before round_watch */
};

void inbox_unref(struct inbox **inbox);
/* There is news of a frame: serves the inbox if that can be done at once, or else wakes its owner. */
void inbox_tell(struct inbox *inbox);

struct subscriber {
    uint64_t id;
    struct topic *topic; /* a reference */
    struct inbox *inbox; /* a reference; NULL for one that only waits */
    struct watch *watch; /* NULL likewise */
    void *user;
    const char *route;
    char remote[SUBSCRIBER_REMOTE_BYTES];
    bool is_internal;
    int64_t connected_at_ns;
    struct subscriber *next_of_watch, *previous_of_watch;
    struct subscriber *next_of_topic GUARDED_BY(topic->lock), *previous_of_topic GUARDED_BY(topic->lock);
    uint64_t cursor GUARDED_BY(topic->lock); /* position of the last frame taken, or passed over */
    uint64_t sent GUARDED_BY(topic->lock), skipped GUARDED_BY(topic->lock), bytes GUARDED_BY(topic->lock);
    uint64_t skipped_settled GUARDED_BY(topic->lock); /* as far as its topic's delivery has them */
    struct rate sent_rate GUARDED_BY(topic->lock);
};

/* Relaxed: each counts for itself. */
struct delivery {
    _Atomic uint64_t sent, skipped, bytes;
};

struct topic {
    atomic_uint references;
    char id[TOPIC_ID_MAX_BYTES + 1];
    const struct frame_envelope *envelope;
    struct journal *journal;   /* NULL: none */
    bool tells_state;          /* to the journal */
    struct topic *source;      /* that it is derived from, a reference; NULL: none */
    struct delivery delivered; /* to its own subscribers and those of topics that are derived from it */

    struct lock lock;
    struct topic_settings settings GUARDED_BY(lock);
    struct condition published; /* a frame, or the topic was closed */
    bool closed GUARDED_BY(lock);

    /* The ring: frame at position p is at ring[p % settings.ring_frames]. */
    struct frame *ring[RING_FRAMES_MAX] GUARDED_BY(lock);
    uint64_t position GUARDED_BY(lock); /* of the newest frame; 0 before the first */

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
    struct frame_info last GUARDED_BY(lock); /* of the newest live frame; sequence 0 before the first */
    size_t last_bytes GUARDED_BY(lock);
    uint64_t live_bytes GUARDED_BY(lock);

    struct watch *watches GUARDED_BY(lock);
    unsigned watch_count GUARDED_BY(lock);
    struct subscriber *subscribers GUARDED_BY(lock);
    size_t subscriber_count GUARDED_BY(lock);
    int64_t unwatched_since_ns GUARDED_BY(lock); /* when the last subscriber left; 0: none has been here */

    topic_demand *demand GUARDED_BY(lock);
    void *demand_user GUARDED_BY(lock);
    unsigned demand_calls GUARDED_BY(lock); /* under way */
    struct condition demand_returned;

    struct control_port controls; /* has a lock of its own */
    struct mailbox mailbox;       /* likewise */
};

/* The newest frame of the ring, borrowed; NULL if there is none. */
struct frame *topic_newest_locked(struct topic *topic) REQUIRES(&topic->lock);
/* Tells the camera that the demand has changed. */
void topic_call_demand(struct topic *topic);

#endif
