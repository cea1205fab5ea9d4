/* What another node of the cluster has recorded of a camera, for an export.
 * Threads: the request's own. */
#ifndef WEB_ROUTES_SUPPORT_IMPORTED_RECORDING_H
#define WEB_ROUTES_SUPPORT_IMPORTED_RECORDING_H

#include "broker/recording/playback/recording_export.h"
#include "web/http/http.h"
#include "web/routes/support/server_context.h"

/* Asks the node for the first frames that the settings mean, which lack the source itself. False after refusing the
 * request. Blocks: until the node answers, some seconds at most. */
CHECKED bool imported_recording_open(struct server_context *context, const struct http_request *request,
                                     struct topic *camera, const struct export_settings *settings,
                                     struct export_source *source);
/* 404: there is none from that time. */
void reply_no_recording(const struct http_request *request, const struct topic *camera);

#endif
