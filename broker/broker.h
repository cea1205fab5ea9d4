/* The broker: the topics by name and by place, the pool that their frames come from, and the workers.
 *
 * Lifecycle: create; add a topic for each camera; ...; broker_close() ends every wait and every stream; destroy once
 * nobody uses the topics any more.
 * Threads: any. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "broker/topic.h"
#include "broker/worker.h"

struct broker;

struct broker_settings {
    unsigned workers;                      /* threads that encode; 0: as many as there are cores */
    const struct frame_envelope *envelope; /* put around each frame; borrowed for the broker's life; may be NULL */
};

CHECKED enum err broker_create(const struct broker_settings *settings, struct broker **broker);
void broker_destroy(struct broker **broker);
/* Closes every topic. */
void broker_close(struct broker *broker);

struct frame_pool *broker_frame_pool(struct broker *broker);   /* borrowed */
struct worker_pool *broker_worker_pool(struct broker *broker); /* borrowed */

/* Adds a topic at the end of the list. *topic is a new reference (may be NULL: not wanted). ERR_BUSY: the id is taken.
 */
CHECKED enum err broker_add_topic(struct broker *broker, const struct topic_settings *settings, struct topic **topic);

/* By id, else by place in the list, from 1, written in decimal. A new reference, or NULL. */
struct topic *broker_find_topic(struct broker *broker, const char *id_or_place);
size_t broker_topic_count(struct broker *broker);
/* By place, from 0. A new reference, or NULL beyond the end. */
struct topic *broker_topic_at(struct broker *broker, size_t index);

/* Everything that status shows: plain data. */
struct broker_snapshot {
    int64_t started_realtime_ns;
    int64_t uptime_ns;
    struct worker_pool_usage workers;
    struct frame_pool_usage frames;
    size_t topic_count;
    struct topic_snapshot *topics;
};

/* Each topic of one moment, in the order of the list; nothing is stopped for it. ERR_MEMORY. Finish it to free it. */
CHECKED enum err broker_snapshot(struct broker *broker, struct broker_snapshot *snapshot);
void broker_snapshot_finish(struct broker_snapshot *snapshot);

#endif
