#include "web/views/status.h"

#include "broker/base/clock.h"
#include "web/views/json/cluster_json.h"
#include "web/views/json/json_values.h"
#include "web/views/json/motion_json.h"
#include "web/views/json/recording_json.h"

#include <math.h>

static json_t *seconds_json(int64_t ns) { return json_real(round((double)ns / NS_PER_MS) / 1000); }

static json_t *rate_json(double fps) { return json_real(round(fps * 100) / 100); }

static json_t *known_json(uint32_t value) { return value == 0 ? json_null() : count_json(value); }

/* clang-format off: a line a member, as the README shows them */

static json_t *last_frame_json(const struct topic_snapshot *topic) {
    if (topic->last_sequence == 0) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "sequence", count_json(topic->last_sequence), "captured_at",
                     time_json(topic->last_captured_realtime_ns, 6), "age_ms",
                     json_integer(topic->last_age_ns / NS_PER_MS), "bytes", count_json(topic->last_bytes));
}

/* Of the variant that a subscriber is on; null on the camera's own pictures. */
static json_t *variant_of_json(const struct topic_snapshot *topic, const struct subscriber_snapshot *subscriber) {
    if (subscriber->variant == 0) {
        return json_null();
    }
    const struct variant_snapshot *variant = &topic->variants[subscriber->variant - 1];
    return json_pack("{s:o, s:o}", "width", known_json(variant->width_px), "quality", known_json(variant->quality));
}

static json_t *subscriber_json(const struct topic_snapshot *topic, const struct subscriber_snapshot *subscriber) {
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id", count_json(subscriber->id), "remote",
                     text_json(subscriber->remote), "route", subscriber->route, "connected_s",
                     seconds_json(subscriber->connected_ns), "sent", count_json(subscriber->sent), "skipped",
                     count_json(subscriber->skipped), "bytes", count_json(subscriber->bytes), "fps",
                     rate_json(subscriber->fps), "variant", variant_of_json(topic, subscriber));
}

static json_t *subscribers_json(const struct topic_snapshot *topic) {
    json_t *list = json_array();
    for (size_t i = 0; i < topic->subscriber_count; i++) {
        if (json_array_append_new(list, subscriber_json(topic, &topic->subscribers[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *variants_json(const struct topic_snapshot *topic) {
    json_t *list = json_array();
    for (size_t i = 0; i < topic->variant_count; i++) {
        const struct variant_snapshot *variant = &topic->variants[i];
        json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", text_or_null(variant->name), "width",
                                   known_json(variant->width_px), "height", known_json(variant->height_px), "quality",
                                   known_json(variant->quality), "subscribers", count_json(variant->subscriber_count),
                                   "fps", rate_json(variant->fps));
        if (json_array_append_new(list, object) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *watchers_json(const struct topic_snapshot *topic) {
    return topic->is_brief
               ? json_object()
               : json_pack("{s:o, s:o}", "variants", variants_json(topic), "subscribers", subscribers_json(topic));
}

static json_t *camera_json(const struct topic_snapshot *topic, const struct recorder_status *recording) {
    const struct topic_settings *settings = &topic->settings;
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:{s:o, s:o}, s:{s:o, s:o, s:o}, s:o, s:o, s:o}",
        "id", settings->id, "name", text_json(settings->name), "source", settings->source, "state",
        state_name(topic->state), "state_since", time_json(topic->state_since_realtime_ns, 3), "error",
        text_or_null(topic->error), "counting_since", time_json(topic->created_realtime_ns, 3), "restarts",
        count_json(topic->restarts), "width", known_json(topic->width_px), "height", known_json(topic->height_px),
        "format", topic->format, "fps", "configured", settings->fps > 0 ? rate_json(settings->fps) : json_null(),
        "captured", rate_json(topic->captured_fps), "frames", "published", count_json(topic->published), "dropped",
        count_json(topic->dropped), "invalid", count_json(topic->invalid), "last_frame", last_frame_json(topic),
        "motion", motion_status_json(&topic->motion), "recording", recording_camera_json(recording, settings->id));
    if (json_object_update_new(object, watchers_json(topic)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *cameras_json(const struct broker_snapshot *snapshot, const struct recorder_status *recording) {
    json_t *list = json_array();
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        if (json_array_append_new(list, camera_json(&snapshot->topics[i], recording)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *reloads_json(const struct reload_counts *reloads) {
    return json_pack("{s:o, s:o, s:o, s:o}", "count", count_json(reloads->count), "failed", count_json(reloads->failed),
                     "last_at", reloads->last_ns != 0 ? time_json(reloads->last_ns, 3) : json_null(), "last_error",
                     text_or_null(reloads->last_fault.text));
}

static json_t *streams_json(const struct server_counts *counts) {
    return json_pack("{s:o, s:o, s:o}", "active", count_json(counts->streams_active), "max",
                     count_json(counts->streams_max), "rejected",
                     count_json(counts->streams_rejected + counts->streams_rejected_per_address));
}

static json_t *mqtt_json(const struct mqtt_figures *mqtt) {
    return json_pack("{s:s, s:o}", "state", mqtt_state_name(mqtt->state), "error", text_or_null(mqtt->error.text));
}

static json_t *workers_json(const struct worker_pool_usage *workers) {
    return json_pack("{s:o, s:o, s:o}", "threads", count_json(workers->threads), "queued", count_json(workers->queued),
                     "replaced", count_json(workers->replaced));
}

static json_t *memory_json(const struct frame_pool_usage *frames) {
    return json_pack("{s:o, s:o}", "frames", count_json(frames->frames), "bytes", count_json(frames->bytes));
}

char *status_render(const struct broker_snapshot *snapshot, const struct server_counts *counts) {
    bool is_shown = !counts->is_hidden;
    return json_render(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
                                 FRAMEBROKER_VERSION, "uptime_s", seconds_json(snapshot->uptime_ns), "started_at",
                                 time_json(snapshot->started_realtime_ns, 0), "streams",
                                 is_shown ? streams_json(counts) : json_null(), "workers",
                                 is_shown ? workers_json(&snapshot->workers) : json_null(), "memory",
                                 is_shown ? memory_json(&snapshot->frames) : json_null(), "reloads",
                                 is_shown ? reloads_json(&counts->reloads) : json_null(), "mqtt",
                                 is_shown ? mqtt_json(&counts->mqtt) : json_null(), "cluster",
                                 is_shown ? cluster_status_json(counts->cluster) : json_null(), "recording",
                                 recording_status_json(is_shown ? counts->recording : NULL), "cameras",
                                 cameras_json(snapshot, counts->recording)));
}

/* clang-format on */

char *status_render_cameras(const struct broker_snapshot *snapshot, const struct recorder_status *recording) {
    return json_render(json_pack("{s:o}", "cameras", cameras_json(snapshot, recording)));
}

char *status_render_camera(const struct topic_snapshot *topic, const struct recorder_status *recording) {
    return json_render(camera_json(topic, recording));
}

char *status_render_health(void) {
    return json_render(json_pack("{s:s, s:s}", "status", "ok", "version", FRAMEBROKER_VERSION));
}

static bool is_not_ready(const struct topic_snapshot *topic) {
    return topic->state != STATE_LIVE && topic->state != STATE_IDLE;
}

char *status_render_ready(const struct broker_snapshot *snapshot, const struct principal *principal, bool *ready) {
    json_t *waiting = json_array();
    *ready = true;
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        const struct topic_snapshot *topic = &snapshot->topics[i];
        if (!is_not_ready(topic)) {
            continue;
        }
        *ready = false;
        if (principal != NULL && !access_may_view(principal, topic->settings.id)) {
            continue;
        }
        json_t *object = json_pack("{s:s, s:s, s:o}", "id", topic->settings.id, "state", state_name(topic->state),
                                   "error", text_or_null(topic->error));
        if (json_array_append_new(waiting, object) != 0) {
            json_decref(waiting);
            return NULL;
        }
    }
    if (json_array_size(waiting) == 0) {
        json_decref(waiting);
        return json_render(json_pack("{s:s}", "status", *ready ? "ready" : "not_ready"));
    }
    return json_render(json_pack("{s:s, s:o}", "status", "not_ready", "cameras", waiting));
}
