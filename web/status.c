#include "web/status.h"

#include "broker/clock.h"
#include "web/json_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for a base path, an id and a token. */
#define URL_MAX_BYTES 512

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

static json_t *camera_json(const struct topic_snapshot *topic) {
    const struct topic_settings *settings = &topic->settings;
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:{s:o, s:o}, s:{s:o, s:o, s:o}, s:o}", "id",
        settings->id, "name", text_json(settings->name), "source", settings->source, "state", state_name(topic->state),
        "state_since", time_json(topic->state_since_realtime_ns, 3), "error", text_or_null(topic->error),
        "counting_since", time_json(topic->created_realtime_ns, 3), "restarts", count_json(topic->restarts), "width",
        known_json(topic->width_px), "height", known_json(topic->height_px), "format", topic->format, "fps",
        "configured", settings->fps > 0 ? rate_json(settings->fps) : json_null(), "captured",
        rate_json(topic->captured_fps), "frames", "published", count_json(topic->published), "dropped",
        count_json(topic->dropped), "invalid", count_json(topic->invalid), "last_frame", last_frame_json(topic));
    if (json_object_update_new(object, watchers_json(topic)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *cameras_json(const struct broker_snapshot *snapshot) {
    json_t *list = json_array();
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        if (json_array_append_new(list, camera_json(&snapshot->topics[i])) != 0) {
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

static json_t *workers_json(const struct worker_pool_usage *workers) {
    return json_pack("{s:o, s:o, s:o}", "threads", count_json(workers->threads), "queued", count_json(workers->queued),
                     "replaced", count_json(workers->replaced));
}

static json_t *memory_json(const struct frame_pool_usage *frames) {
    return json_pack("{s:o, s:o}", "frames", count_json(frames->frames), "bytes", count_json(frames->bytes));
}

char *status_render(const struct broker_snapshot *snapshot, const struct server_counts *counts) {
    bool is_shown = !counts->is_hidden;
    return json_render(
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version", FRAMEBROKER_VERSION, "uptime_s",
                  seconds_json(snapshot->uptime_ns), "started_at", time_json(snapshot->started_realtime_ns, 0),
                  "streams", is_shown ? streams_json(counts) : json_null(), "workers",
                  is_shown ? workers_json(&snapshot->workers) : json_null(), "memory",
                  is_shown ? memory_json(&snapshot->frames) : json_null(), "reloads",
                  is_shown ? reloads_json(&counts->reloads) : json_null(), "cameras", cameras_json(snapshot)));
}

/* clang-format on */

char *status_render_cameras(const struct broker_snapshot *snapshot) {
    return json_render(json_pack("{s:o}", "cameras", cameras_json(snapshot)));
}

char *status_render_camera(const struct topic_snapshot *topic) { return json_render(camera_json(topic)); }

char *status_render_health(void) {
    return json_render(json_pack("{s:s, s:s}", "status", "ok", "version", FRAMEBROKER_VERSION));
}

static bool holds_up(const struct topic_snapshot *topic) {
    return topic->state != STATE_LIVE && topic->state != STATE_IDLE;
}

char *status_render_ready(const struct broker_snapshot *snapshot, const struct visitor *visitor, bool *ready) {
    json_t *waiting = json_array();
    *ready = true;
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        const struct topic_snapshot *topic = &snapshot->topics[i];
        if (!holds_up(topic)) {
            continue;
        }
        *ready = false;
        if (visitor != NULL && !access_may_view(visitor, topic->settings.id)) {
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

char *status_render_error(const char *code, const char *message) {
    return json_render(json_pack("{s:{s:s, s:o}}", "error", "code", code, "message", text_json(message)));
}

/* ---- Links ---- */

char *status_render_link(const char *token, const struct signed_link *link, const char *base_path) {
    char url[URL_MAX_BYTES];
    snprintf(url, sizeof url, "%s/camera/%s/video_feed?token=%s", base_path, link->camera, token);
    return json_render(json_pack("{s:s, s:s, s:s, s:o}", "camera", link->camera, "token", token, "url", url,
                                 "expires_at", time_json(link->expires_s * NS_PER_S, 0)));
}

enum err status_parse_link_wish(const char *text, size_t length, struct link_wish *wish, struct reason *reason) {
    json_auto_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(document)) {
        reason_set(reason, "send JSON, such as {\"camera\": \"front-door\", \"expires_in_s\": 3600}");
        return ERR_INVALID;
    }
    const char *camera = json_string_value(json_object_get(document, "camera"));
    if (camera == NULL) {
        reason_set(reason, "send \"camera\", the id of one that /api/cameras lists, as a text");
        return ERR_INVALID;
    }
    const json_t *expiry = json_object_get(document, "expires_in_s");
    json_int_t lasts_s = json_integer_value(expiry);
    if (!json_is_integer(expiry) || lasts_s < LINK_LASTS_MIN_S || lasts_s > LINK_LASTS_MAX_S) {
        reason_set(reason, "send \"expires_in_s\", the seconds that the link is good for, a whole number from %d to %d",
                   LINK_LASTS_MIN_S, LINK_LASTS_MAX_S);
        return ERR_INVALID;
    }
    if (json_object_size(document) != 2) {
        reason_set(reason, "send nothing but \"camera\" and \"expires_in_s\"");
        return ERR_INVALID;
    }
    /* One that is too long is no camera's when it is cut, either: it keeps a sign that no id has. */
    wish->lasts_s = lasts_s;
    snprintf(wish->camera, sizeof wish->camera, "%s", strlen(camera) <= TOPIC_ID_MAX_BYTES ? camera : "?");
    return ERR_OK;
}

/* ---- Controls ---- */

static json_t *value_json(const struct control *control, int64_t value) {
    return control->type == CONTROL_BOOLEAN ? json_boolean(value != 0) : json_integer((json_int_t)value);
}

static json_t *menu_json(const struct control *control) {
    json_t *menu = json_array();
    for (size_t i = 0; i < control->choice_count; i++) {
        const struct control_choice *choice = &control->choices[i];
        json_t *entry = json_pack("{s:I, s:o}", "value", (json_int_t)choice->value, "label", text_json(choice->label));
        if (json_array_append_new(menu, entry) != 0) {
            json_decref(menu);
            return NULL;
        }
    }
    return menu;
}

static json_t *control_json(const struct control *control) {
    static const char *const types[] = {
        [CONTROL_INTEGER] = "integer", [CONTROL_BOOLEAN] = "boolean", [CONTROL_MENU] = "menu"};
    json_t *object =
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:b}", "name", control->name, "label", text_json(control->label), "type",
                  types[control->type], "value", value_json(control, control->value), "default",
                  value_json(control, control->usual), "writable", control->writable);
    json_t *more = NULL;
    if (control->type == CONTROL_MENU) {
        more = json_pack("{s:o}", "menu", menu_json(control));
    } else if (control->type == CONTROL_INTEGER) {
        more = json_pack("{s:I, s:I, s:I}", "min", (json_int_t)control->least, "max", (json_int_t)control->most, "step",
                         (json_int_t)control->step);
    }
    if (control->type != CONTROL_BOOLEAN && json_object_update_new(object, more) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *refusals_json(const struct control_refusal *refusals, size_t count) {
    json_t *errors = json_object();
    for (size_t i = 0; i < count; i++) {
        if (json_object_set_new(errors, refusals[i].name, text_json(refusals[i].reason.text)) != 0) {
            json_decref(errors);
            return NULL;
        }
    }
    return errors;
}

char *status_render_controls(const struct control_list *list, const struct control_refusal *refusals,
                             size_t refusal_count) {
    json_t *controls = json_array();
    for (size_t i = 0; i < list->count; i++) {
        if (json_array_append_new(controls, control_json(&list->controls[i])) != 0) {
            json_decref(controls);
            return NULL;
        }
    }
    if (refusal_count == 0) {
        return json_render(json_pack("{s:o}", "controls", controls));
    }
    return json_render(json_pack("{s:{s:s, s:o}, s:o, s:o}", "error", "code", "control_refused", "message",
                                 text_json(refusals[0].reason.text), "errors", refusals_json(refusals, refusal_count),
                                 "controls", controls));
}

static bool read_wish(const char *name, const json_t *value, struct control_wish *wish) {
    *wish = (struct control_wish){.name = name, .choice = json_string_value(value)};
    if (json_is_integer(value)) {
        wish->value = json_integer_value(value);
    } else if (json_is_boolean(value)) {
        wish->value = json_is_true(value);
    }
    return json_is_integer(value) || json_is_boolean(value) || json_is_string(value);
}

enum err status_parse_wishes(const char *text, size_t length, struct control_wishes *wishes, struct reason *reason) {
    json_error_t fault;
    json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(document)) {
        reason_set(reason, "the body must be a JSON object of controls and their values");
        json_decref(document);
        return ERR_INVALID;
    }
    *wishes = (struct control_wishes){.document = document};
    size_t count = json_object_size(document);
    wishes->wishes = calloc(count > 0 ? count : 1, sizeof *wishes->wishes);
    if (wishes->wishes == NULL) {
        status_finish_wishes(wishes);
        return ERR_MEMORY;
    }
    const char *name;
    json_t *value;
    json_object_foreach(document, name, value) {
        if (!read_wish(name, value, &wishes->wishes[wishes->count++])) {
            reason_set(reason, "a control's value must be a whole number, true or false, or an entry of its menu");
            status_finish_wishes(wishes);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}

void status_finish_wishes(struct control_wishes *wishes) {
    free(wishes->wishes);
    json_decref(wishes->document);
    *wishes = (struct control_wishes){0};
}
