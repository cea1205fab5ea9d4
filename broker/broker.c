#include "broker/broker.h"

#include "broker/clock.h"
#include "broker/sync.h"
#include "broker/variants.h"

#include <stdlib.h>
#include <string.h>

struct broker {
    const struct frame_envelope *envelope;
    struct frame_pool *frames;
    struct worker_pool *workers;
    struct variants *variants; /* NULL without converters */
    int64_t started_realtime_ns, started_monotonic_ns;
    struct lock lock;
    struct topic **topics GUARDED_BY(lock); /* a reference each, in the order of the configuration */
    size_t topic_count GUARDED_BY(lock);
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
    enum err error = frame_pool_create(&broker->frames);
    if (error == ERR_OK) {
        error = worker_pool_create(settings->workers, &broker->workers);
    }
    if (error == ERR_OK && settings->converters != NULL) {
        error = variants_create(settings->converters, settings->envelope, broker->frames, broker->workers,
                                &broker->variants);
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
    for (size_t i = 0; i < broker->topic_count; i++) {
        topic_unref(&broker->topics[i]);
    }
    free(broker->topics);
    worker_pool_destroy(&broker->workers);
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
    struct topic *topic;
    for (size_t i = 0; (topic = broker_topic_at(broker, i)) != NULL; i++) {
        topic_close(topic);
        topic_unref(&topic);
    }
}

struct frame_pool *broker_frame_pool(struct broker *broker) {
    return broker->frames;
}

struct worker_pool *broker_worker_pool(struct broker *broker) {
    return broker->workers;
}

static struct topic *find_by_id_locked(struct broker *broker, const char *id) REQUIRES(&broker->lock) {
    for (size_t i = 0; i < broker->topic_count; i++) {
        if (strcmp(topic_settings(broker->topics[i])->id, id) == 0) {
            return broker->topics[i];
        }
    }
    return NULL;
}

enum err broker_add_topic(struct broker *broker, const struct topic_settings *settings, struct topic **out) {
    struct topic *topic;
    enum err error = topic_create(settings, broker->envelope, &topic);
    if (error != ERR_OK) {
        return error;
    }
    lock_acquire(&broker->lock);
    if (find_by_id_locked(broker, settings->id) != NULL) {
        error = ERR_BUSY;
        goto out;
    }
    struct topic **grown = realloc(broker->topics, (broker->topic_count + 1) * sizeof *grown);
    if (grown == NULL) {
        error = ERR_MEMORY;
        goto out;
    }
    broker->topics = grown;
    broker->topics[broker->topic_count++] = topic_ref(topic);
    if (out != NULL) {
        *out = topic_ref(topic);
    }
out:
    lock_release(&broker->lock);
    topic_unref(&topic);
    return error;
}

/* "1" is 0; anything that is not a plain decimal number from 1 to 999999 is SIZE_MAX. */
static size_t index_from_place(const char *place) {
    size_t number = 0;
    size_t digits = strspn(place, "0123456789");
    if (digits == 0 || digits > 6 || place[digits] != '\0' || place[0] == '0') {
        return SIZE_MAX;
    }
    for (const char *digit = place; *digit != '\0'; digit++) {
        number = number * 10 + (size_t)(*digit - '0');
    }
    return number - 1;
}

struct topic *broker_find_topic(struct broker *broker, const char *id_or_place) {
    lock_acquire(&broker->lock);
    struct topic *topic = find_by_id_locked(broker, id_or_place);
    size_t index = index_from_place(id_or_place);
    if (topic == NULL && index < broker->topic_count) {
        topic = broker->topics[index];
    }
    if (topic != NULL) {
        topic_ref(topic);
    }
    lock_release(&broker->lock);
    return topic;
}

size_t broker_topic_count(struct broker *broker) {
    lock_acquire(&broker->lock);
    size_t count = broker->topic_count;
    lock_release(&broker->lock);
    return count;
}

struct topic *broker_topic_at(struct broker *broker, size_t index) {
    lock_acquire(&broker->lock);
    struct topic *topic = index < broker->topic_count ? topic_ref(broker->topics[index]) : NULL;
    lock_release(&broker->lock);
    return topic;
}

enum err broker_open_variant(struct broker *broker, struct topic *camera, const struct variant_wish *wish,
                             struct topic **topic) {
    return broker->variants != NULL ? variants_open(broker->variants, camera, wish, topic) : ERR_UNSUPPORTED;
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

enum err broker_snapshot(struct broker *broker, struct broker_snapshot *snapshot) {
    *snapshot = (struct broker_snapshot){
        .started_realtime_ns = broker->started_realtime_ns,
        .uptime_ns = clock_monotonic_ns() - broker->started_monotonic_ns,
        .workers = worker_pool_usage(broker->workers),
        .frames = frame_pool_usage(broker->frames),
    };
    size_t room = broker_topic_count(broker);
    snapshot->topics = calloc(room > 0 ? room : 1, sizeof *snapshot->topics);
    if (snapshot->topics == NULL) {
        return ERR_MEMORY;
    }
    struct topic *topic;
    while (snapshot->topic_count < room && (topic = broker_topic_at(broker, snapshot->topic_count)) != NULL) {
        enum err error = broker_snapshot_topic(broker, topic, &snapshot->topics[snapshot->topic_count]);
        topic_unref(&topic);
        if (error != ERR_OK) {
            broker_snapshot_finish(snapshot);
            return error;
        }
        snapshot->topic_count++;
    }
    return ERR_OK;
}

void broker_snapshot_finish(struct broker_snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        topic_snapshot_finish(&snapshot->topics[i]);
    }
    free(snapshot->topics);
    snapshot->topics = NULL;
    snapshot->topic_count = 0;
}
