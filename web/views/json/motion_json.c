#include "web/views/json/motion_json.h"

#include "web/views/json/json_body.h"
#include "web/views/json/polygon_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void motion_picture_path(const char *camera, uint64_t event, char path[MOTION_PICTURE_PATH_BYTES]) {
    snprintf(path, MOTION_PICTURE_PATH_BYTES, "/camera/%s/events/%" PRIu64 ".jpg", camera, event);
}

/* In thousandths, which is a pixel or two of a picture as people see it. */
static json_t *fraction_json(float fraction) { return json_real(round((double)fraction * 1000) / 1000); }

static json_t *place_json(const struct motion_place *place) {
    return json_pack("{s:o, s:o, s:o, s:o}", "x", fraction_json(place->x), "y", fraction_json(place->y), "width",
                     fraction_json(place->width), "height", fraction_json(place->height));
}

static json_t *places_json(const struct motion_place *places, unsigned count) {
    json_t *list = json_array();
    for (unsigned i = 0; i < count; i++) {
        if (json_array_append_new(list, place_json(&places[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *path_json(const struct motion_record *event) {
    json_t *list = json_array();
    for (unsigned i = 0; i < event->step_count; i++) {
        json_t *step = place_json(&event->path[i].place);
        if (json_object_set_new(step, "at", time_json(event->path[i].at_realtime_ns, 3)) != 0 ||
            json_array_append_new(list, json_incref(step)) != 0) {
            json_decref(step);
            json_decref(list);
            return NULL;
        }
        json_decref(step);
    }
    return list;
}

char *motion_event_render(const struct event_log_entry *entry) {
    const struct motion_record *event = &entry->motion;
    char id[24], picture[MOTION_PICTURE_PATH_BYTES];
    snprintf(id, sizeof id, "%" PRIu64, event->id); /* a text: not every reader has integers of 64 bits */
    motion_picture_path(entry->camera, event->id, picture);
    return json_render(json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "camera", entry->camera, "action",
        entry->kind == EVENT_LOG_MOTION_BEGAN ? "began" : "ended", "id", id, "zone", text_or_null(event->zone), "score",
        count_json(event->score), "boxes", places_json(event->places, event->place_count), "path", path_json(event),
        "began", time_json(event->began_realtime_ns, 3), "ended",
        event->ended_realtime_ns != 0 ? time_json(event->ended_realtime_ns, 3) : json_null(), "snapshot", picture));
}

json_t *motion_status_json(const struct motion_status *status) {
    return !status->is_configured
               ? json_null()
               : json_pack("{s:b, s:b, s:o, s:o}", "active", status->is_active, "moving", status->is_moving, "score",
                           count_json(status->score), "events", count_json(status->events));
}

/* ---- /api/cameras/N/motion ---- */

/* A camera without zones has none, though the whole picture is looked at like one. */
static json_t *zones_json(const struct motion_view *view) {
    json_t *list = json_array();
    for (unsigned i = 0; i < view->layout.region_count && view->layout.regions[i].polygon.count > 0; i++) {
        const struct motion_region *region = &view->layout.regions[i];
        const struct motion_level *level = &view->sight.levels[i];
        json_t *zone =
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "name", text_json(region->name), "polygon",
                      polygon_json(&region->polygon), "sensitivity",
                      region->sensitivity != 0 ? count_json(region->sensitivity) : json_null(), "score",
                      count_json(level->score), "threshold", count_json(level->threshold), "moving", level->is_moving);
        if (json_array_append_new(list, zone) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *cells_json(const struct motion_sight *sight) {
    const size_t count = (size_t)sight->columns * sight->rows;
    if (count == 0) {
        return json_null();
    }
    char *digits = malloc(count);
    if (digits == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        digits[i] = (char)('0' + sight->cells[i]);
    }
    json_t *cells = json_pack("{s:o, s:o, s:o}", "columns", count_json(sight->columns), "rows", count_json(sight->rows),
                              "values", json_stringn(digits, count));
    free(digits);
    return cells;
}

char *motion_view_render(const struct motion_view *view) {
    const struct motion_sight *sight = &view->sight;
    json_t *object = motion_status_json(&view->status);
    json_t *more = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "state", sight->state, "reason",
                             text_or_null(sight->why), "threshold", count_json(sight->threshold), "boxes",
                             places_json(sight->places, sight->place_count), "cells", cells_json(sight), "masks",
                             polygons_json(view->layout.masks, view->layout.mask_count), "zones", zones_json(view));
    if (json_object_update_new(object, more) != 0) {
        json_decref(object);
        return NULL;
    }
    return json_render(object);
}

enum err motion_json_parse(const char *text, size_t length, bool *is_active, struct reason *reason) {
    static const char expected[] = "send JSON: {\"active\": true} or {\"active\": false}";
    json_auto_t *document = NULL;
    enum err error = json_body_parse(text, length, expected, &document, reason);
    const json_t *value = json_object_get(document, "active");
    if (error == ERR_OK && (!json_is_boolean(value) || json_object_size(document) != 1)) {
        reason_set(reason, "%s", expected);
        error = ERR_INVALID;
    }
    *is_active = json_is_true(value);
    return error;
}
