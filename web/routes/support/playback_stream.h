/* Streams of recorded frames: the streams that there are of live ones, of topics that a playback publishes into.
 * Threads: the request's own. */
#ifndef WEB_ROUTES_SUPPORT_PLAYBACK_STREAM_H
#define WEB_ROUTES_SUPPORT_PLAYBACK_STREAM_H

#include "web/http/route.h"
#include "web/routes/support/server_context.h"
#include "web/stream/stream_settings.h"

/* A topic for the recorded frames of a camera, with its id, name and variants: a new reference. ERR_MEMORY. */
CHECKED enum err playback_topic_create(struct server_context *context, struct topic *camera, struct topic **topic);

/* Whether recordings can be shown to the request's principal: those of a camera, or, for NULL, of any. False after
 * refusing the request. */
CHECKED bool playback_admit(struct server_context *context, const struct http_request *request,
                            const struct topic *camera);
/* The same for changes, which only the server can make that records the camera. */
CHECKED bool playback_admit_change(struct server_context *context, const struct http_request *request,
                                   const struct topic *camera);

/* As live_stream_begin(), from route->period on: settings.topic_count cameras, borrowed during the call; settings lacks
 * its topics. The stream has been admitted, and leaves when it is over. */
void playback_stream_begin(struct server_context *context, const struct http_request *request,
                           const struct route *route, struct topic *const *cameras, struct stream_settings settings);

#endif
