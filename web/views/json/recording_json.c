#include "web/views/json/recording_json.h"

#include "broker/base/clock.h"
#include "broker/recording/recorder_status.h"

#include <string.h>

static json_t *time_or_null(int64_t realtime_ns) { return realtime_ns != 0 ? time_json(realtime_ns, 3) : json_null(); }

json_t *recording_status_json(const struct recorder_status *status) {
    if (status == NULL) {
        return json_null();
    }
    return json_pack("{s:o, s:s, s:o, s:o, s:o}", "path", text_json(status->path), "state",
                     recorder_state_name(status->state), "error", text_or_null(status->reason.text), "bytes",
                     count_json(status->bytes), "free_bytes", count_json(status->free_bytes));
}

static const struct recorder_camera_status *find_camera(const struct recorder_status *status, const char *id) {
    for (size_t i = 0; i < status->camera_count; i++) {
        if (strcmp(status->cameras[i].id, id) == 0) {
            return &status->cameras[i];
        }
    }
    return NULL;
}

/* "waiting": there is nothing to record now, e.g. no event. */
static const char *state_of(const struct recorder_status *status, const struct recorder_camera_status *camera) {
    if (camera->mode == RECORD_OFF) {
        return "off";
    }
    return status->state != RECORDER_RECORDING ? recorder_state_name(status->state)
           : camera->is_writing                ? "recording"
                                               : "waiting";
}

json_t *recording_camera_json(const struct recorder_status *status, const char *camera_id) {
    static const struct recorder_camera_status off = {.mode = RECORD_OFF};
    if (status == NULL) {
        return json_null();
    }
    const struct recorder_camera_status *camera = find_camera(status, camera_id);
    camera = camera != NULL ? camera : &off;
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "mode", record_mode_name(camera->mode), "state",
                     state_of(status, camera), "bytes", count_json(camera->bytes), "oldest",
                     time_or_null(camera->oldest_ns), "newest", time_or_null(camera->newest_ns), "lost_frames",
                     count_json(camera->lost_frames));
}

/* ---- /api/recordings ---- */

/* Appends a value, which is taken over; false: memory ran out. */
static bool append(json_t *list, json_t *value) { return json_array_append_new(list, value) == 0; }

static json_t *stretch_json(const struct timeline_stretch *stretch) {
    const bool is_merged = stretch->gaps_ns != 0;
    return json_pack("{s:o, s:o, s:o, s:b, s:o}", "from", time_json(stretch->start_ns, 3), "to",
                     time_json(stretch->end_ns, 3), "bytes", is_merged ? json_null() : count_json(stretch->bytes),
                     "full", stretch->is_full, "gaps_s", count_json((uint64_t)(stretch->gaps_ns / NS_PER_S)));
}

static json_t *stretches_json(const struct recording_listing *listing) {
    json_t *list = json_array();
    for (size_t i = 0; i < listing->stretch_count; i++) {
        if (!append(list, stretch_json(&listing->stretches[i]))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *protections_json(const struct recording_listing *listing) {
    json_t *list = json_array();
    for (size_t i = 0; i < listing->protection_count; i++) {
        const struct catalogue_protection *protection = &listing->protections[i];
        if (!append(list, json_pack("{s:o, s:o}", "from", time_json(protection->from_ns, 3), "to",
                                    time_json(protection->to_ns, 3)))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *listing_json(const struct recording_listing *listing) {
    const struct catalogue_camera *camera = &listing->camera;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "id", camera->id, "bytes", count_json(camera->bytes), "oldest",
                     time_or_null(camera->oldest_ns), "newest", time_or_null(camera->newest_ns), "stretches",
                     stretches_json(listing), "protected", protections_json(listing));
}

char *recordings_render(const struct recording_listing *listings, size_t count) {
    uint64_t bytes = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        bytes += listings[i].camera.bytes;
        if (!append(list, listing_json(&listings[i]))) {
            json_decref(list);
            return NULL;
        }
    }
    return json_render(json_pack("{s:o, s:o}", "cameras", list, "bytes", count_json(bytes)));
}

char *recordings_render_deleted(uint64_t segments, uint64_t bytes) {
    return json_render(json_pack("{s:o, s:o}", "deleted", count_json(segments), "bytes", count_json(bytes)));
}

char *recordings_render_protected(bool is_protected) {
    return json_render(json_pack("{s:b}", "protected", is_protected));
}
