/* Entries of the event log as JSON: the events of /api/events and of hooks.
 * Ownership: every text returned is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_VIEWS_JSON_EVENT_JSON_H
#define WEB_VIEWS_JSON_EVENT_JSON_H

#include "broker/event_log.h"

/* "state", "viewer", "camera", "reload" or "motion". Static. */
const char *event_name(enum event_log_kind kind);

/* One object without line breaks:
 * state:  {"camera": "a", "state": "live", "previous": "starting", "error": null, "since": "2026-..."}
 * viewer: {"camera": "a", "action": "came" or "left", "id": 7, "remote": "127.0.0.1:52034", "route": "feed", "at": ...}
 * camera: {"camera": "a", "action": "added" or "removed", "at": ...}
 * reload: {"reloaded": true, "error": null, "at": ...}
 * motion: see motion_json.h */
char *event_render(const struct event_log_entry *entry);
/* The state as it is: {"camera", "state", "previous": null, "error", "since"}. The entry's previous state is ignored.
 */
char *event_render_present(const struct event_log_entry *state);
/* {"count": 3} */
/* count: NULL: not for the client to know. */
char *event_render_missed(const uint64_t *count);

#endif
