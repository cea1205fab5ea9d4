#include "cameras/intake.h"

#include "broker/clock.h"
#include "broker/log.h"
#include "broker/timing.h"
#include "cameras/encoder.h"
#include "cameras/jpeg.h"
#include "cameras/retouch.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Frames that are decoded as a check after opening, and after a broken frame or a gap. */
#define THOROUGH_AT_OPENING 3
#define THOROUGH_AFTER_FAULT 1

struct intake {
    struct broker *broker;
    struct topic *topic;
    const struct source_settings *settings;
    unsigned thorough_left;
    /* NULL until the first raw picture; but for the slot, the job's. */
    struct retouch *retouch; /* NULL for good where there is nothing to do */
    struct encoder *encoder;
    struct job_slot *slot;
    /* Counted by the camera's thread and the job; relaxed, since nothing else depends on it. */
    atomic_uint broken_in_a_row;
};

enum err intake_create(struct broker *broker, struct topic *topic, const struct source_settings *settings,
                       struct intake **out) {
    struct intake *intake = calloc(1, sizeof *intake);
    if (intake == NULL) {
        return ERR_MEMORY;
    }
    *intake =
        (struct intake){.broker = broker, .topic = topic, .settings = settings, .thorough_left = THOROUGH_AT_OPENING};
    *out = intake;
    return ERR_OK;
}

void intake_destroy(struct intake **intake_pointer) {
    struct intake *intake = *intake_pointer;
    *intake_pointer = NULL;
    if (intake == NULL) {
        return;
    }
    job_slot_destroy(&intake->slot);
    encoder_destroy(&intake->encoder);
    retouch_destroy(&intake->retouch);
    free(intake);
}

static void count_broken(struct intake *intake) {
    atomic_fetch_add_explicit(&intake->broken_in_a_row, 1, memory_order_relaxed);
    topic_count_invalid(intake->topic);
}

static void publish(struct intake *intake, struct frame **frame) {
    atomic_store_explicit(&intake->broken_in_a_row, 0, memory_order_relaxed);
    topic_publish(intake->topic, frame);
}

static void encode_and_publish(void *user, struct frame *raw) {
    struct intake *intake = user;
    struct frame *jpeg = NULL;
    enum err error = intake->retouch != NULL ? retouch_apply(intake->retouch, &raw) : ERR_OK;
    if (error == ERR_OK) {
        int64_t began_ns = clock_monotonic_ns();
        error = encoder_encode(intake->encoder, raw, &jpeg, NULL);
        timing_observe(TIMING_ENCODE, clock_monotonic_ns() - began_ns);
    }
    if (error == ERR_OK) {
        publish(intake, &jpeg);
    } else if (error == ERR_MEMORY) {
        topic_count_dropped(intake->topic, 1);
    } else {
        count_broken(intake);
    }
    frame_unref(&raw);
}

/* What raw pictures need, as far as it is not there yet. */
static enum err prepare_encoding(struct intake *intake) {
    struct frame_pool *pool = broker_frame_pool(intake->broker);
    const struct source_settings *settings = intake->settings;
    enum err error = ERR_OK;
    if (intake->retouch == NULL && retouch_is_wanted(&settings->retouch)) {
        error = retouch_create(pool, &settings->retouch, topic_settings(intake->topic).name, &intake->retouch);
    }
    if (error == ERR_OK && intake->encoder == NULL) {
        error = encoder_create(pool, settings->quality, settings->subsampling, &intake->encoder);
    }
    if (error == ERR_OK) {
        error = job_slot_create(broker_worker_pool(intake->broker), encode_and_publish, intake, &intake->slot);
    }
    return error;
}

static enum err encode_later(struct intake *intake, struct frame **raw) {
    enum err error = intake->slot == NULL ? prepare_encoding(intake) : ERR_OK;
    if (error == ERR_OK && job_slot_submit(intake->slot, raw)) {
        topic_count_dropped(intake->topic, 1);
    }
    return error;
}

static void check_next_thoroughly(struct intake *intake) {
    if (intake->thorough_left < THOROUGH_AFTER_FAULT) {
        intake->thorough_left = THOROUGH_AFTER_FAULT;
    }
}

enum err intake_take(struct intake *intake, struct frame **frame, bool after_gap, struct reason *reason) {
    enum err error;
    if (after_gap) {
        check_next_thoroughly(intake);
    }
    if (frame_info(*frame)->format != FRAME_JPEG) {
        error = encode_later(intake, frame);
    } else if ((error = jpeg_admit(*frame, intake->thorough_left > 0, reason)) == ERR_OK) {
        intake->thorough_left -= intake->thorough_left > 0;
        publish(intake, frame);
    } else if (error != ERR_MEMORY) {
        intake_reject(intake);
        error = ERR_INVALID;
    }
    frame_unref(frame);
    return error;
}

void intake_reject(struct intake *intake) {
    check_next_thoroughly(intake);
    count_broken(intake);
}

unsigned intake_broken_in_a_row(const struct intake *intake) {
    return atomic_load_explicit(&intake->broken_in_a_row, memory_order_relaxed);
}
