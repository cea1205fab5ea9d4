#include "broker/broker.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "broker/variants.h"

#include <stdio.h>
#include <stdlib.h>

struct broker {
    const struct frame_envelope *envelope;
    struct frame_pool *frames;
    struct worker_pool *workers;
    struct event_log *event_log;
    struct variants *variants; /* NULL without converters */
    int64_t started_realtime_ns, started_monotonic_ns;
    struct lock lock;
    struct topic_list *groups[TOPIC_GROUPS] GUARDED_BY(lock); /* a reference each; NULL: empty */
    struct topic_list *list GUARDED_BY(lock);                 /* of all groups, a reference */
    bool closed GUARDED_BY(lock);
};

enum err broker_create(const struct broker_settings *settings, struct broker **out) {
    struct broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&broker->lock);
    broker->envelope = settings->envelope;
    broker->started_realtime_ns = clock_realtime_ns();
    broker->started_monotonic_ns = clock_monotonic_ns();
    enum err error = topic_list_create(NULL, 0, &broker->list);
    if (error == ERR_OK) {
        error = frame_pool_create(&broker->frames);
    }
    if (error == ERR_OK) {
        error = worker_pool_create(settings->workers, &broker->workers);
    }
    if (error == ERR_OK) {
        error = event_log_create(&broker->event_log);
    }
    if (error == ERR_OK && settings->converters != NULL) {
        struct variant_context context = {.converters = settings->converters,
                                          .envelope = settings->envelope,
                                          .frames = broker->frames,
                                          .workers = broker->workers,
                                          .event_log = broker->event_log};
        error = variants_create(&context, &broker->variants);
    }
    if (error != ERR_OK) {
        broker_destroy(&broker);
        return error;
    }
    *out = broker;
    return ERR_OK;
}

void broker_destroy(struct broker **broker_pointer) {
    struct broker *broker = *broker_pointer;
    *broker_pointer = NULL;
    if (broker == NULL) {
        return;
    }
    variants_destroy(&broker->variants);
    for (size_t i = 0; i < TOPIC_GROUPS; i++) {
        topic_list_unref(&broker->groups[i]);
    }
    topic_list_unref(&broker->list);
    worker_pool_destroy(&broker->workers);
    event_log_destroy(&broker->event_log);
    if (broker->frames != NULL) {
        frame_pool_destroy(&broker->frames);
    }
    lock_finish(&broker->lock);
    free(broker);
}

void broker_close(struct broker *broker) {
    if (broker->variants != NULL) {
        variants_close(broker->variants);
    }
    lock_acquire(&broker->lock);
    broker->closed = true;
    struct topic_list *list = topic_list_ref(broker->list);
    lock_release(&broker->lock);
    for (size_t i = 0; i < list->count; i++) {
        topic_close(list->topics[i]);
    }
    topic_list_unref(&list);
    event_log_close(broker->event_log);
}

struct frame_pool *broker_frame_pool(struct broker *broker) {
    return broker->frames;
}

struct worker_pool *broker_worker_pool(struct broker *broker) {
    return broker->workers;
}

struct event_log *broker_event_log(struct broker *broker) {
    return broker->event_log;
}

int64_t broker_started_realtime_ns(const struct broker *broker) { return broker->started_realtime_ns; }

/* ---- The list ---- */

struct topic_list *broker_topics(struct broker *broker) {
    lock_acquire(&broker->lock);
    struct topic_list *list = topic_list_ref(broker->list);
    lock_release(&broker->lock);
    return list;
}

enum err broker_create_topic(struct broker *broker, const struct topic_settings *settings, struct topic **topic) {
    enum err error = topic_create(settings, broker->envelope, topic);
    if (error == ERR_OK) {
        topic_set_event_log(*topic, broker->event_log, true);
    }
    return error;
}

static void log_topic(struct broker *broker, enum event_log_kind kind, const struct topic *topic) {
    struct event_log_entry entry = {.kind = kind};
    snprintf(entry.camera, sizeof entry.camera, "%s", topic_id(topic));
    event_log_publish(broker->event_log, &entry);
}

/* before: NULL: there were none. */
static void log_difference(struct broker *broker, const struct topic_list *before, const struct topic_list *after) {
    for (size_t i = 0; before != NULL && i < before->count; i++) {
        if (!topic_list_has(after, before->topics[i])) {
            log_topic(broker, EVENT_LOG_CAMERA_REMOVED, before->topics[i]);
        }
    }
    for (size_t i = 0; i < after->count; i++) {
        if (before == NULL || !topic_list_has(before, after->topics[i])) {
            log_topic(broker, EVENT_LOG_CAMERA_ADDED, after->topics[i]);
        }
    }
}

/* The groups one after the other. Without memory it is the changed group alone, until the next change. */
static struct topic_list *join_groups_locked(const struct broker *broker, enum topic_group changed)
    REQUIRES(&broker->lock) {
    struct topic_list *local = broker->groups[TOPICS_LOCAL], *imported = broker->groups[TOPICS_IMPORTED];
    struct topic_list *joined;
    if (local == NULL || imported == NULL) {
        return topic_list_ref(broker->groups[changed]);
    }
    return topic_list_join(local, imported, &joined) == ERR_OK ? joined : topic_list_ref(broker->groups[changed]);
}

void broker_set_topics(struct broker *broker, enum topic_group group, struct topic_list **list_pointer) {
    struct topic_list *list = topic_list_ref(*list_pointer);
    lock_acquire(&broker->lock);
    struct topic_list *before = broker->groups[group];
    struct topic_list *all_before = broker->list;
    broker->groups[group] = *list_pointer;
    *list_pointer = NULL;
    broker->list = join_groups_locked(broker, group);
    const bool closed = broker->closed;
    lock_release(&broker->lock);
    for (size_t i = 0; closed && i < list->count; i++) {
        topic_close(list->topics[i]);
    }
    for (size_t i = 0; before != NULL && i < before->count; i++) {
        if (!topic_list_has(list, before->topics[i])) {
            topic_close(before->topics[i]);
        }
    }
    log_difference(broker, before, list);
    topic_list_unref(&before);
    topic_list_unref(&all_before);
    topic_list_unref(&list);
}

struct topic *broker_find_topic(struct broker *broker, const char *id_or_place) {
    struct topic_list *list = broker_topics(broker);
    struct topic *topic = topic_list_find(list, id_or_place, NULL, NULL);
    topic_list_unref(&list);
    return topic;
}

struct topic *broker_topic_at(struct broker *broker, size_t index) {
    struct topic_list *list = broker_topics(broker);
    struct topic *topic = topic_list_at(list, index, NULL, NULL);
    topic_list_unref(&list);
    return topic;
}

/* ---- Variants and snapshots ---- */

enum err broker_open_variant(struct broker *broker, struct topic *camera, const struct variant_request *request,
                             struct topic **topic) {
    return broker_open_variant_for(broker, "", camera, request, topic);
}

enum err broker_open_variant_for(struct broker *broker, const char *client, struct topic *camera,
                                 const struct variant_request *request, struct topic **topic) {
    return broker->variants != NULL ? variants_open(broker->variants, client, camera, request, topic) : ERR_UNSUPPORTED;
}

void broker_begin_generation(struct broker *broker, struct topic *camera) {
    (void)topic_begin_generation(camera);
    if (broker->variants != NULL) {
        variants_drop_frames(broker->variants, camera);
    }
}

enum err broker_snapshot_topic(struct broker *broker, struct topic *camera, struct topic_snapshot *snapshot) {
    enum err error = topic_snapshot(camera, snapshot);
    if (error == ERR_OK && broker->variants != NULL) {
        error = variants_add_to_snapshot(broker->variants, camera, snapshot);
        if (error != ERR_OK) {
            topic_snapshot_finish(snapshot);
        }
    }
    return error;
}

static enum err snapshot_brief(struct broker *broker, struct topic *camera, struct topic_snapshot *snapshot) {
    (void)broker;
    topic_snapshot_brief(camera, snapshot);
    return ERR_OK;
}

typedef enum err snapshot_one(struct broker *broker, struct topic *camera, struct topic_snapshot *snapshot);

static enum err snapshot_all(struct broker *broker, snapshot_one *take, struct broker_snapshot *snapshot) {
    *snapshot = (struct broker_snapshot){
        .started_realtime_ns = broker->started_realtime_ns,
        .uptime_ns = clock_monotonic_ns() - broker->started_monotonic_ns,
        .workers = worker_pool_usage(broker->workers),
        .frames = frame_pool_usage(broker->frames),
    };
    struct topic_list *list = broker_topics(broker);
    snapshot->topics = calloc(list->count + 1, sizeof *snapshot->topics);
    enum err error = snapshot->topics != NULL ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; i < list->count && error == ERR_OK; i++) {
        error = take(broker, list->topics[i], &snapshot->topics[i]);
        snapshot->topic_count += error == ERR_OK;
    }
    topic_list_unref(&list);
    if (error != ERR_OK) {
        broker_snapshot_finish(snapshot);
    }
    return error;
}

enum err broker_snapshot(struct broker *broker, struct broker_snapshot *snapshot) {
    return snapshot_all(broker, broker_snapshot_topic, snapshot);
}

enum err broker_snapshot_brief(struct broker *broker, struct broker_snapshot *snapshot) {
    return snapshot_all(broker, snapshot_brief, snapshot);
}

void broker_snapshot_finish(struct broker_snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        topic_snapshot_finish(&snapshot->topics[i]);
    }
    free(snapshot->topics);
    snapshot->topics = NULL;
    snapshot->topic_count = 0;
}
