#include "web/views/json/event_json.h"

#include "web/views/json/json_values.h"
#include "web/views/json/motion_json.h"

const char *event_name(enum event_log_kind kind) {
    switch (kind) {
    case EVENT_LOG_STATE: return "state";
    case EVENT_LOG_VIEWER_CAME:
    case EVENT_LOG_VIEWER_LEFT: return "viewer";
    case EVENT_LOG_CAMERA_ADDED:
    case EVENT_LOG_CAMERA_REMOVED: return "camera";
    case EVENT_LOG_RELOADED:
    case EVENT_LOG_RELOAD_FAILED: return "reload";
    case EVENT_LOG_MOTION_BEGAN:
    case EVENT_LOG_MOTION_ENDED: return "motion";
    case EVENT_LOG_RECORDING_FULL:
    case EVENT_LOG_RECORDING_FAILED:
    case EVENT_LOG_RECORDING_RECOVERED: return "recording";
    }
    return "unknown";
}

static char *render_state(const struct event_log_entry *entry, const char *previous) {
    return json_render(json_pack("{s:s, s:s, s:s?, s:o, s:o}", "camera", entry->camera, "state", state_name(entry->to),
                                 "previous", previous, "error", text_or_null(entry->reason.text), "since",
                                 time_json(entry->at_realtime_ns, 3)));
}

static char *render_viewer(const struct event_log_entry *entry) {
    return json_render(json_pack("{s:s, s:s, s:o, s:o, s:s, s:o}", "camera", entry->camera, "action",
                                 entry->kind == EVENT_LOG_VIEWER_CAME ? "came" : "left", "id",
                                 count_json(entry->viewer), "remote", text_json(entry->remote), "route", entry->route,
                                 "at", time_json(entry->at_realtime_ns, 3)));
}

static char *render_camera(const struct event_log_entry *entry) {
    return json_render(json_pack("{s:s, s:s, s:o}", "camera", entry->camera, "action",
                                 entry->kind == EVENT_LOG_CAMERA_ADDED ? "added" : "removed", "at",
                                 time_json(entry->at_realtime_ns, 3)));
}

static char *render_reload(const struct event_log_entry *entry) {
    return json_render(json_pack("{s:b, s:o, s:o}", "reloaded", entry->kind == EVENT_LOG_RELOADED, "error",
                                 text_or_null(entry->reason.text), "at", time_json(entry->at_realtime_ns, 3)));
}

static char *render_recording(const struct event_log_entry *entry) {
    const char *state = entry->kind == EVENT_LOG_RECORDING_FULL     ? "full"
                        : entry->kind == EVENT_LOG_RECORDING_FAILED ? "failed"
                                                                    : "recovered";
    return json_render(json_pack("{s:s, s:o, s:o}", "state", state, "error", text_or_null(entry->reason.text), "at",
                                 time_json(entry->at_realtime_ns, 3)));
}

char *event_render(const struct event_log_entry *entry) {
    switch (entry->kind) {
    case EVENT_LOG_STATE: return render_state(entry, state_name(entry->from));
    case EVENT_LOG_VIEWER_CAME:
    case EVENT_LOG_VIEWER_LEFT: return render_viewer(entry);
    case EVENT_LOG_CAMERA_ADDED:
    case EVENT_LOG_CAMERA_REMOVED: return render_camera(entry);
    case EVENT_LOG_RELOADED:
    case EVENT_LOG_RELOAD_FAILED: return render_reload(entry);
    case EVENT_LOG_MOTION_BEGAN:
    case EVENT_LOG_MOTION_ENDED: return motion_event_render(entry);
    case EVENT_LOG_RECORDING_FULL:
    case EVENT_LOG_RECORDING_FAILED:
    case EVENT_LOG_RECORDING_RECOVERED: return render_recording(entry);
    }
    return NULL;
}

char *event_render_present(const struct event_log_entry *state) { return render_state(state, NULL); }

char *event_render_missed(const uint64_t *count) {
    return json_render(json_pack("{s:o}", "count", count != NULL ? count_json(*count) : json_null()));
}
