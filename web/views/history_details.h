/* Details of events that only the history has, as JSON objects without line breaks.
 * Ownership: each text is the caller's to free(); NULL when memory ran out. Threads: any. */
#ifndef WEB_VIEWS_HISTORY_DETAILS_H
#define WEB_VIEWS_HISTORY_DETAILS_H

#include "broker/control.h"
#include "web/access/failed_logins.h"

/* {"action": "logged in", "name": "anna", "remote": "192.0.2.7"} */
char *login_details_render(const char *name, const char *remote);
/* {"action": "failed", "secret": "password", "token", "key" or "link", "name": "anna" or null, "remote": "192.0.2.7",
 * "count": 3}; of attempts from too many addresses to name each "remote" is null. */
char *failed_login_details_render(const struct failed_login *failed);
/* {"action": "set", "name": "anna", "control": "brightness", "value": 3}; name: "" for nobody in particular. */
char *control_details_render(const char *name, const struct control_request *control);

#endif
