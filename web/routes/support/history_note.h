/* Rows of the history that handlers add: what no event log has. Where nothing is recorded, nothing happens.
 * Threads: the request's own. */
#ifndef WEB_ROUTES_SUPPORT_HISTORY_NOTE_H
#define WEB_ROUTES_SUPPORT_HISTORY_NOTE_H

#include "broker/control.h"
#include "web/http/http.h"
#include "web/routes/support/server_context.h"

/* Somebody has logged in with that name. */
void history_note_login(struct server_context *context, const struct http_request *request, const char *name);
/* For authenticator_report_failures(), with a server_context. */
void history_note_failed_login(void *context, const struct failed_login *failed);
/* A control of a camera was set. */
void history_note_control(struct server_context *context, const struct http_request *request, const char *camera,
                          const struct control_request *control);

#endif
