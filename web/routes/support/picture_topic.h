/* The topic that has a camera's pictures as a route asks for them: the camera's own, or a variant.
 * Threads: any. */
#ifndef WEB_ROUTES_SUPPORT_PICTURE_TOPIC_H
#define WEB_ROUTES_SUPPORT_PICTURE_TOPIC_H

#include "web/http/http.h"
#include "web/http/route.h"
#include "web/routes/support/server_context.h"

/* A new reference; NULL after refusing the request. */
CHECKED struct topic *picture_topic_open_or_refuse(struct server_context *context, const struct http_request *request,
                                                   const struct route *route, struct topic *camera);

/* Replaces each of these references by one to the topic with its pictures. A camera that has no variant left is shown
 * as it is, so that the others are still seen. False after refusing the request. */
CHECKED bool picture_topics_open(struct server_context *context, const struct http_request *request,
                                 const struct route *route, struct topic **topics, size_t count);

#endif
