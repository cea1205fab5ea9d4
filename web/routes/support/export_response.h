/* Responses that an export makes: web/routes hands it the socket of the request.
 * Threads: the request's own. */
#ifndef WEB_ROUTES_SUPPORT_EXPORT_RESPONSE_H
#define WEB_ROUTES_SUPPORT_EXPORT_RESPONSE_H

#include "broker/recording/playback/recording_export.h"
#include "web/http/http.h"
#include "web/routes/support/server_context.h"

/* Whether there may be one more; it is left by beginning it, or else by export_response_leave(). False after refusing
 * the request. */
CHECKED bool export_response_admit(struct server_context *context, const struct http_request *request);
void export_response_leave(struct server_context *context, const struct http_request *request);
/* Sends the head and, but for a HEAD, begins the export. settings lacks cameras, fd, ended and user; the cameras are
 * borrowed during the call, the sources taken. */
void export_response_begin(struct server_context *context, const struct http_request *request,
                           const struct http_stream_head *head, struct topic *const *cameras, size_t camera_count,
                           struct export_settings settings);

#endif
