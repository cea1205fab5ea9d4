#include "cameras/supervisor/ingest.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/timing.h"
#include "cameras/driver.h"
#include "cameras/filter/jpeg_filter.h"
#include "cameras/filter/picture_filter.h"
#include "cameras/picture/encoder.h"
#include "cameras/picture/jpeg.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Frames that are decoded as a check after opening, and after a broken frame or a gap. */
#define THOROUGH_AT_OPENING 3
#define THOROUGH_AFTER_FAULT 1

struct ingest {
    struct broker *broker;
    struct topic *topic;
    const struct camera_settings *settings;
    uint64_t generation;
    struct work_limit limit; /* of the work on the camera's thread */
    struct motion_watch *motion;
    unsigned thorough_left;
    struct jpeg_filter *jpeg_filter; /* NULL where there is nothing to do */
    /* NULL until the first raw picture; but for the slot, the job's. */
    struct picture_filter *filter; /* NULL for good where there is nothing to do */
    struct encoder *encoder;
    struct job_slot *slot;
    /* Counted by the camera's thread and the job; relaxed, since nothing else depends on it. */
    atomic_uint broken_in_a_row;
};

static enum err create_jpeg_filter(struct ingest *ingest) {
    char name[TOPIC_NAME_MAX_BYTES + 1];
    topic_copy_name(ingest->topic, name);
    return jpeg_filter_create(broker_frame_pool(ingest->broker), &ingest->settings->filter,
                              ingest->settings->source.quality, name, &ingest->jpeg_filter);
}

enum err ingest_create(struct broker *broker, struct topic *topic, const struct camera_settings *settings,
                       uint64_t generation, struct motion_watch *motion, struct event *cancel, struct ingest **out) {
    struct ingest *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL) {
        return ERR_MEMORY;
    }
    *ingest = (struct ingest){.broker = broker,
                              .topic = topic,
                              .settings = settings,
                              .generation = generation,
                              .limit = driver_work_limit(cancel),
                              .motion = motion,
                              .thorough_left = THOROUGH_AT_OPENING};
    enum err error = picture_filter_is_wanted(&settings->filter) ? create_jpeg_filter(ingest) : ERR_OK;
    if (error != ERR_OK) {
        free(ingest);
        return error;
    }
    *out = ingest;
    return ERR_OK;
}

void ingest_destroy(struct ingest **ingest_pointer) {
    struct ingest *ingest = *ingest_pointer;
    *ingest_pointer = NULL;
    if (ingest == NULL) {
        return;
    }
    job_slot_destroy(&ingest->slot);
    encoder_destroy(&ingest->encoder);
    picture_filter_destroy(&ingest->filter);
    jpeg_filter_destroy(&ingest->jpeg_filter);
    free(ingest);
}

static void count_broken(struct ingest *ingest) {
    atomic_fetch_add_explicit(&ingest->broken_in_a_row, 1, memory_order_relaxed);
    topic_count_invalid(ingest->topic);
}

static void note_masks(const struct ingest *ingest, struct frame *frame) {
    const struct camera_settings *settings = ingest->settings;
    if (settings->filter.mask_count > 0) {
        frame_set_masks(frame, &(struct frame_masks){.polygons = settings->filter.masks,
                                                     .count = settings->filter.mask_count,
                                                     .arena = settings->arena});
    }
}

/* raw: what the frame was encoded from; NULL: the camera sent it as it is. */
static void publish(struct ingest *ingest, struct frame **frame, struct frame *raw) {
    atomic_store_explicit(&ingest->broken_in_a_row, 0, memory_order_relaxed);
    frame_edit_info(*frame)->generation = ingest->generation;
    note_masks(ingest, *frame);
    if (!motion_watch_wants(ingest->motion, frame_info(*frame)->captured_monotonic_ns)) {
        topic_publish(ingest->topic, frame);
        return;
    }
    struct frame *picture = frame_ref(raw != NULL ? raw : *frame), *jpeg = raw != NULL ? frame_ref(*frame) : NULL;
    topic_publish(ingest->topic, frame); /* first: nobody waits for the detector */
    motion_watch_look(ingest->motion, &picture, &jpeg);
}

static void encode_and_publish(void *user, struct frame *raw, const struct work_limit *limit) {
    struct ingest *ingest = user;
    struct frame *jpeg = NULL;
    enum err error = ingest->filter != NULL ? picture_filter_apply(ingest->filter, &raw) : ERR_OK;
    if (error == ERR_OK) {
        int64_t began_ns = clock_monotonic_ns();
        error = encoder_encode(ingest->encoder, raw, limit, &jpeg, NULL);
        timing_observe(TIMING_ENCODE, clock_monotonic_ns() - began_ns);
    }
    if (error == ERR_OK) {
        publish(ingest, &jpeg, raw);
    } else if (error == ERR_MEMORY || error == ERR_INTERRUPTED || error == ERR_TIMEOUT) {
        topic_count_dropped(ingest->topic, 1);
    } else {
        count_broken(ingest);
    }
    frame_unref(&raw);
}

/* What raw pictures need, as far as it is not there yet. */
static enum err prepare_encoding(struct ingest *ingest) {
    struct frame_pool *pool = broker_frame_pool(ingest->broker);
    const struct camera_settings *settings = ingest->settings;
    enum err error = ERR_OK;
    if (ingest->filter == NULL && picture_filter_is_wanted(&settings->filter)) {
        char name[TOPIC_NAME_MAX_BYTES + 1];
        topic_copy_name(ingest->topic, name);
        error = picture_filter_create(pool, &settings->filter, name, &ingest->filter);
    }
    if (error == ERR_OK && ingest->encoder == NULL) {
        error = encoder_create(pool, settings->source.quality, settings->source.subsampling, &ingest->encoder);
    }
    if (error == ERR_OK) {
        error = job_slot_create(broker_worker_pool(ingest->broker), topic_id(ingest->topic), encode_and_publish, ingest,
                                &ingest->slot);
    }
    return error;
}

static enum err encode_later(struct ingest *ingest, struct frame **raw) {
    enum err error = ingest->slot == NULL ? prepare_encoding(ingest) : ERR_OK;
    if (error == ERR_OK && job_slot_submit(ingest->slot, raw)) {
        topic_count_dropped(ingest->topic, 1);
    }
    return error;
}

/* What is not as the settings want it is not published. */
static enum err take_jpeg(struct ingest *ingest, struct frame **frame, struct reason *reason) {
    enum err error = jpeg_admit(*frame, ingest->thorough_left > 0, &ingest->limit, reason);
    if (error == ERR_OK && ingest->jpeg_filter != NULL) {
        error = jpeg_filter_apply(ingest->jpeg_filter, frame, &ingest->limit, reason);
    }
    if (error == ERR_OK) {
        ingest->thorough_left -= ingest->thorough_left > 0;
        publish(ingest, frame, NULL);
    }
    return error;
}

static void check_next_thoroughly(struct ingest *ingest) {
    if (ingest->thorough_left < THOROUGH_AFTER_FAULT) {
        ingest->thorough_left = THOROUGH_AFTER_FAULT;
    }
}

enum err ingest_take(struct ingest *ingest, struct frame **frame, bool after_gap, struct reason *reason) {
    enum err error;
    if (after_gap) {
        check_next_thoroughly(ingest);
    }
    if (frame_info(*frame)->format != FRAME_JPEG) {
        error = encode_later(ingest, frame);
    } else if ((error = take_jpeg(ingest, frame, reason)) != ERR_OK && error != ERR_MEMORY &&
               error != ERR_INTERRUPTED) {
        ingest_reject(ingest);
        error = ERR_INVALID;
    }
    frame_unref(frame);
    return error;
}

void ingest_reject(struct ingest *ingest) {
    check_next_thoroughly(ingest);
    count_broken(ingest);
}

unsigned ingest_broken_in_a_row(const struct ingest *ingest) {
    return atomic_load_explicit(&ingest->broken_in_a_row, memory_order_relaxed);
}
