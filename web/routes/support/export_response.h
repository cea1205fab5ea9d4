/* Responses that an export makes: web/routes hands it the socket of the request.
 * Threads: the request's own. */
#ifndef WEB_ROUTES_SUPPORT_EXPORT_RESPONSE_H
#define WEB_ROUTES_SUPPORT_EXPORT_RESPONSE_H

#include "broker/recording/playback/recording_export.h"
#include "web/http/http.h"
#include "web/routes/support/server_context.h"

/* Sends the head and, but for a HEAD, begins the export. settings lacks cameras, fd, ended and user; the cameras are
 * borrowed during the call. A request beyond what there may be at once is refused. */
void export_response_begin(struct server_context *context, const struct http_request *request,
                           const struct http_stream_head *head, struct topic *const *cameras, size_t camera_count,
                           struct export_settings settings);

#endif
