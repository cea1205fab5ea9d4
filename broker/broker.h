/* The broker: the topics by name and by place, the pool that their frames come from, and the workers.
 *
 * Lifecycle: create; make topics and set the list of them, again whenever it changes; ...; broker_close() ends every
 * wait and every stream; destroy once the topics are no longer used.
 * Threads: any. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "broker/event_log.h"
#include "broker/topic.h"
#include "broker/topic_list.h"
#include "broker/topic_snapshot.h"
#include "broker/worker.h"

struct broker;

struct broker_settings {
    unsigned workers;                       /* threads that encode; 0: as many as there are cores */
    const struct frame_envelope *envelope;  /* put around each frame; borrowed for the broker's life; may be NULL */
    const struct converter_ops *converters; /* for variants; borrowed likewise; NULL: there are none */
};

CHECKED enum err broker_create(const struct broker_settings *settings, struct broker **broker);
void broker_destroy(struct broker **broker);
/* Closes every topic, those of variants too, and the event log. Topics that come later are closed at once. */
void broker_close(struct broker *broker);

struct frame_pool *broker_frame_pool(struct broker *broker);   /* borrowed */
struct worker_pool *broker_worker_pool(struct broker *broker); /* borrowed */
/* What the cameras and their viewers do, and how the list of topics changes; others may add to it. Borrowed. */
struct event_log *broker_event_log(struct broker *broker);
/* When the broker was created: distinguishes numbers of its event log from those of another run. */
int64_t broker_started_realtime_ns(const struct broker *broker);

/* A topic whose frames get the broker's envelope, in no list yet. ERR_MEMORY. */
CHECKED enum err broker_create_topic(struct broker *broker, const struct topic_settings *settings,
                                     struct topic **topic);
/* The list consists of groups, each of which has one owner: */
enum topic_group {
    TOPICS_LOCAL,    /* the cameras of this server */
    TOPICS_IMPORTED, /* those of others */
};
#define TOPIC_GROUPS 2
/* Makes these the topics of the group, all at once; *list is taken, and all ids differ. A topic that is in the group no
 * longer is closed. Threads: one at a time for each group. */
void broker_set_topics(struct broker *broker, enum topic_group group, struct topic_list **list);

/* The list of one moment: a new reference. */
struct topic_list *broker_topics(struct broker *broker);
/* By id, else by place in the list, from 1, written in decimal. A new reference, or NULL. */
struct topic *broker_find_topic(struct broker *broker, const char *id_or_place);
/* By place, from 0. A new reference, or NULL beyond the end. */
struct topic *broker_topic_at(struct broker *broker, size_t index);

/* The topic of pictures as requested, derived from a camera's: requests with the same result
 * share one, which may be the camera's own. A new reference; it is served while it has subscribers, and kept for the
 * camera's idle_timeout_ns after the last. Its frames carry sequence and capture time of those that they
 * were made from, and placeholders come through. ERR_BUSY: the camera has max_variants others; ERR_UNSUPPORTED: no
 * converters; ERR_MEMORY; ERR_CLOSED. */
CHECKED enum err broker_open_variant(struct broker *broker, struct topic *camera, const struct variant_request *request,
                                     struct topic **topic);
/* The same for a client, which gets no more than its share: see variants.h. client: any text that is the same for its
 * requests and for no other's, of which VARIANT_OWNER_BYTES - 1 count; not empty. */
CHECKED enum err broker_open_variant_for(struct broker *broker, const char *client, struct topic *camera,
                                         const struct variant_request *request, struct topic **topic);

/* topic_begin_generation() for a camera, and the frames of its variants are dropped as well. */
void broker_begin_generation(struct broker *broker, struct topic *camera);

/* Everything that status shows: plain data. */
struct broker_snapshot {
    int64_t started_realtime_ns;
    int64_t uptime_ns;
    struct worker_pool_usage workers;
    struct frame_pool_usage frames;
    size_t topic_count;
    struct topic_snapshot *topics;
};

/* Each topic of one moment, in the order of the list; nothing is stopped for it. Finish it to free it.
 * ERR_MEMORY: then *snapshot holds nothing to finish. */
CHECKED enum err broker_snapshot(struct broker *broker, struct broker_snapshot *snapshot);
/* Without subscribers and variants, so that it costs the same however many there are. */
CHECKED enum err broker_snapshot_brief(struct broker *broker, struct broker_snapshot *snapshot);
void broker_snapshot_finish(struct broker_snapshot *snapshot);
/* topic_snapshot() with the camera's variants, and their subscribers among its own. */
CHECKED enum err broker_snapshot_topic(struct broker *broker, struct topic *camera, struct topic_snapshot *snapshot);

#endif
