#include "web/event_json.h"

#include "web/json_values.h"

const char *event_name(enum journal_kind kind) {
    switch (kind) {
    case JOURNAL_STATE: return "state";
    case JOURNAL_VIEWER_CAME:
    case JOURNAL_VIEWER_LEFT: return "viewer";
    case JOURNAL_CAMERA_ADDED:
    case JOURNAL_CAMERA_REMOVED: return "camera";
    case JOURNAL_RELOADED:
    case JOURNAL_RELOAD_FAILED: return "reload";
    }
    return "unknown";
}

static char *render_state(const struct journal_entry *entry, const char *previous) {
    return json_render(json_pack("{s:s, s:s, s:s?, s:o, s:o}", "camera", entry->camera, "state", state_name(entry->to),
                                 "previous", previous, "error", text_or_null(entry->reason.text), "since",
                                 time_json(entry->at_realtime_ns, 3)));
}

static char *render_viewer(const struct journal_entry *entry) {
    return json_render(json_pack("{s:s, s:s, s:o, s:o, s:s, s:o}", "camera", entry->camera, "action",
                                 entry->kind == JOURNAL_VIEWER_CAME ? "came" : "left", "id", count_json(entry->viewer),
                                 "remote", text_json(entry->remote), "route", entry->route, "at",
                                 time_json(entry->at_realtime_ns, 3)));
}

static char *render_camera(const struct journal_entry *entry) {
    return json_render(json_pack("{s:s, s:s, s:o}", "camera", entry->camera, "action",
                                 entry->kind == JOURNAL_CAMERA_ADDED ? "added" : "removed", "at",
                                 time_json(entry->at_realtime_ns, 3)));
}

static char *render_reload(const struct journal_entry *entry) {
    return json_render(json_pack("{s:b, s:o, s:o}", "reloaded", entry->kind == JOURNAL_RELOADED, "error",
                                 text_or_null(entry->reason.text), "at", time_json(entry->at_realtime_ns, 3)));
}

char *event_render(const struct journal_entry *entry) {
    switch (entry->kind) {
    case JOURNAL_STATE: return render_state(entry, state_name(entry->from));
    case JOURNAL_VIEWER_CAME:
    case JOURNAL_VIEWER_LEFT: return render_viewer(entry);
    case JOURNAL_CAMERA_ADDED:
    case JOURNAL_CAMERA_REMOVED: return render_camera(entry);
    case JOURNAL_RELOADED:
    case JOURNAL_RELOAD_FAILED: return render_reload(entry);
    }
    return NULL;
}

char *event_render_present(const struct journal_entry *state) { return render_state(state, NULL); }

char *event_render_missed(uint64_t count) { return json_render(json_pack("{s:o}", "count", count_json(count))); }
