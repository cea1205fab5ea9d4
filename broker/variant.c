#include "broker/variant.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/timing.h"
#include "broker/variant_supply.h"

#include <stdlib.h>

/* The camera's name and id, which every frame carries, and its time-out. */
static struct topic_settings derive_settings(struct topic *source) {
    struct topic_settings settings;
    topic_copy_settings(source, &settings);
    settings.ring_frames = 1;
    settings.on_demand = true;
    return settings;
}

enum err variant_create(const struct variant_context *context, struct topic *source,
                        const struct variant_request *request, struct variant **out) {
    struct variant *variant = calloc(1, sizeof *variant);
    if (variant == NULL) {
        return ERR_MEMORY;
    }
    struct topic_settings settings = derive_settings(source);
    enum err error = topic_create_derived(source, &settings, context->envelope, &variant->topic);
    if (error != ERR_OK) {
        free(variant);
        return error;
    }
    topic_set_event_log(variant->topic, context->event_log, false);
    variant->context = context;
    variant->source = topic_ref(source);
    variant->request = *request;
    *out = variant;
    return ERR_OK;
}

void variant_destroy(struct variant **variant_pointer) {
    struct variant *variant = *variant_pointer;
    *variant_pointer = NULL;
    if (variant == NULL) {
        return;
    }
    variant_sleep(variant);
    variant->context->converters->destroy(variant->converter);
    topic_unref(&variant->topic);
    topic_unref(&variant->source);
    free(variant);
}

/* The job. */
static void convert_and_publish(void *user, struct frame *source, const struct work_limit *limit) {
    struct variant *variant = user;
    struct frame *derived = NULL;
    int64_t began_ns = clock_monotonic_ns();
    enum err error = variant->context->converters->convert(variant->converter, source, limit, &derived);
    if (error == ERR_OK) {
        timing_observe(TIMING_CONVERT, clock_monotonic_ns() - began_ns);
        const struct frame_info *info = frame_info(derived);
        topic_set_capture(variant->topic, info->width_px, info->height_px, frame_format_name(info->format));
        topic_relay(variant->topic, &derived);
    } else if (error != ERR_INTERRUPTED) {
        topic_count_dropped(variant->topic, 1);
        log_rate_limited(LOG_LEVEL_WARNING, topic_id(variant->source), "variant",
                         "a picture cannot be scaled or encoded again and is left out: %s", err_text(error));
    }
    frame_unref(&source);
}

static enum err subscribe(struct variant *variant) {
    struct subscriber_settings settings = {.remote = "", .route = "variant", .user = variant, .is_internal = true};
    return subscriber_create(variant->source, variant->context->inbox, &settings, &variant->subscriber);
}

static enum err open_supply(struct variant *variant) {
    enum err error = topic_open_variant_supply(variant->source, &variant->request, variant->topic, &variant->supplied);
    variant->is_supplied = error == ERR_OK;
    if (error == ERR_CLOSED) {
        topic_close(variant->topic);
        error = ERR_OK;
    }
    return error;
}

enum err variant_wake(struct variant *variant) {
    const struct variant_context *context = variant->context;
    enum err error = ERR_OK;
    if (topic_has_variant_supply(variant->source)) {
        return open_supply(variant);
    }
    if (variant->converter == NULL) {
        error = context->converters->create(context->frames, &variant->request, &variant->converter);
    }
    if (error == ERR_OK) {
        error =
            job_slot_create(context->workers, topic_id(variant->source), convert_and_publish, variant, &variant->slot);
    }
    if (error != ERR_OK) {
        return error;
    }
    variant->limiter = (struct rate_limiter){
        .interval_ns = variant->request.fps > 0 ? (int64_t)((double)NS_PER_S / variant->request.fps) : 0};
    error = subscribe(variant);
    if (error == ERR_OK) {
        variant_on_news(variant);
        return ERR_OK;
    }
    job_slot_destroy(&variant->slot);
    if (error == ERR_CLOSED) {
        topic_close(variant->topic);
        error = ERR_OK;
    }
    return error;
}

void variant_sleep(struct variant *variant) {
    if (!variant_is_awake(variant)) {
        return;
    }
    if (variant->is_supplied) {
        topic_close_variant_supply(variant->source, variant->supplied);
        variant->is_supplied = false;
    }
    subscriber_destroy(&variant->subscriber);
    job_slot_destroy(&variant->slot);
    /* The next subscriber must not take the last frame for a new one. */
    topic_set_state(variant->topic, STATE_IDLE, NULL);
}

bool variant_is_awake(const struct variant *variant) { return variant->subscriber != NULL || variant->is_supplied; }

void variant_follow_settings(struct variant *variant) {
    struct topic_settings settings = derive_settings(variant->source);
    topic_change_settings(variant->topic, &settings);
}

/* Placeholders are always wanted. */
static bool is_wanted(struct variant *variant, const struct frame_info *info) {
    uint64_t missed;
    return info->state != STATE_LIVE || rate_limiter_admits(&variant->limiter, info->captured_monotonic_ns, &missed);
}

void variant_on_news(struct variant *variant) {
    struct frame *frame = NULL;
    enum err error = subscriber_take(variant->subscriber, &frame);
    if (error == ERR_CLOSED) {
        topic_close(variant->topic);
    } else if (error == ERR_OK && is_wanted(variant, frame_info(frame))) {
        job_slot_submit(variant->slot, &frame);
    }
    frame_unref(&frame);
}
