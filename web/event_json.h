/* What the journal says, as JSON: the events of /api/events and what hooks are told.
 * Ownership: every text returned is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_EVENT_JSON_H
#define WEB_EVENT_JSON_H

#include "broker/journal.h"

/* "state", "viewer", "camera" or "reload". Static. */
const char *event_name(enum journal_kind kind);

/* One object without line breaks:
 * state:  {"camera": "a", "state": "live", "previous": "starting", "error": null, "since": "2026-..."}
 * viewer: {"camera": "a", "action": "came" or "left", "id": 7, "remote": "127.0.0.1:52034", "route": "feed", "at": ...}
 * camera: {"camera": "a", "action": "added" or "removed", "at": ...}
 * reload: {"reloaded": true, "error": null, "at": ...} */
char *event_render(const struct journal_entry *entry);
/* The state as it is: {"camera", "state", "previous": null, "error", "since"}. previous is not to be looked at. */
char *event_render_present(const struct journal_entry *state);
/* {"count": 3} */
char *event_render_missed(uint64_t count);

#endif
