#include "cameras/supervisor/announcer.h"

#include "broker/topic_demand.h"
#include "cameras/picture/encoder.h"
#include "cameras/picture/placeholder.h"

#include <stdatomic.h>
#include <stdlib.h>

#define PLACEHOLDER_QUALITY 80
/* For cameras of unknown size. */
#define DEFAULT_WIDTH_PX 640
#define DEFAULT_HEIGHT_PX 360

struct announcer {
    struct frame_pool *pool;
    const struct source_settings *settings;
    struct topic *topic;
    struct job_slot *slot;
    struct encoder *encoder; /* the job's */
    _Atomic uint64_t change; /* the newest; relaxed, since the topic checks it under its lock */
};

/* That of the last frame, otherwise of the settings. */
static void choose_placeholder_size(const struct announcer *announcer, const struct topic_snapshot *topic,
                                    struct placeholder *placeholder) {
    placeholder->width_px = DEFAULT_WIDTH_PX;
    placeholder->height_px = DEFAULT_HEIGHT_PX;
    if (topic->width_px != 0 && topic->height_px != 0) {
        placeholder->width_px = topic->width_px;
        placeholder->height_px = topic->height_px;
    } else if (announcer->settings->width_px != 0 && announcer->settings->height_px != 0) {
        placeholder->width_px = announcer->settings->width_px;
        placeholder->height_px = announcer->settings->height_px;
    }
}

static enum err draw_placeholder(struct announcer *announcer, const struct topic_snapshot *topic,
                                 const struct work_limit *limit, struct frame **jpeg) {
    struct placeholder placeholder = {.name = topic->settings.name,
                                      .state = topic->state,
                                      .since_realtime_ns = topic->state_since_realtime_ns,
                                      .error = topic->error};
    choose_placeholder_size(announcer, topic, &placeholder);
    struct frame *raw = NULL;
    enum err error = placeholder_draw(announcer->pool, &placeholder, &raw);
    if (error == ERR_OK) {
        error = encoder_encode(announcer->encoder, raw, limit, jpeg, NULL);
    }
    frame_unref(&raw);
    return error;
}

/* The job. The frame only carries the request. */
static void draw_and_publish(void *user, struct frame *request, const struct work_limit *limit) {
    struct announcer *announcer = user;
    frame_unref(&request);
    /* Read before the state: a picture of a newer state under an older number is refused, and another request follows.
     */
    uint64_t change = atomic_load_explicit(&announcer->change, memory_order_relaxed);
    struct topic_snapshot topic;
    if (topic_snapshot(announcer->topic, &topic) != ERR_OK) {
        return;
    }
    struct frame *jpeg = NULL;
    if (topic.state != STATE_LIVE && topic.state != STATE_IDLE &&
        draw_placeholder(announcer, &topic, limit, &jpeg) == ERR_OK) {
        topic_publish_placeholder(announcer->topic, &jpeg, change);
    }
    topic_snapshot_finish(&topic);
}

enum err announcer_create(struct broker *broker, const struct source_settings *settings, struct topic *topic,
                          struct announcer **out) {
    struct announcer *announcer = calloc(1, sizeof *announcer);
    if (announcer == NULL) {
        return ERR_MEMORY;
    }
    announcer->pool = broker_frame_pool(broker);
    announcer->settings = settings;
    announcer->topic = topic;
    enum err error = encoder_create(announcer->pool, PLACEHOLDER_QUALITY, SUBSAMPLING_420, &announcer->encoder);
    if (error == ERR_OK) {
        error =
            job_slot_create(broker_worker_pool(broker), topic_id(topic), draw_and_publish, announcer, &announcer->slot);
    }
    if (error != ERR_OK) {
        announcer_destroy(&announcer);
        return error;
    }
    *out = announcer;
    return ERR_OK;
}

void announcer_destroy(struct announcer **announcer_pointer) {
    struct announcer *announcer = *announcer_pointer;
    *announcer_pointer = NULL;
    if (announcer == NULL) {
        return;
    }
    job_slot_destroy(&announcer->slot);
    encoder_destroy(&announcer->encoder);
    free(announcer);
}

/* Two threads may set a state at once: the greater number is the newer change. */
static void note_change(struct announcer *announcer, uint64_t change) {
    uint64_t known = atomic_load_explicit(&announcer->change, memory_order_relaxed);
    while (known < change && !atomic_compare_exchange_weak_explicit(&announcer->change, &known, change,
                                                                    memory_order_relaxed, memory_order_relaxed)) {
    }
}

void announcer_set_state(struct announcer *announcer, enum camera_state state, const char *error) {
    note_change(announcer, topic_set_state(announcer->topic, state, error));
}

bool announcer_set_stale(struct announcer *announcer, int64_t captured_before_ns, const char *error) {
    uint64_t change;
    bool is_stale = topic_set_stale(announcer->topic, captured_before_ns, error, &change);
    if (is_stale) {
        note_change(announcer, change);
        announcer_show(announcer);
    }
    return is_stale;
}

void announcer_show(struct announcer *announcer) {
    struct frame *request;
    if (topic_wanted(announcer->topic, NULL) && frame_create(announcer->pool, 1, &request) == ERR_OK) {
        job_slot_submit(announcer->slot, &request);
    }
}
