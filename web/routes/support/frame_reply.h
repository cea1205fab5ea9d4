/* A frame as the body of a reply.
 * Threads: a request's own. */
#ifndef WEB_ROUTES_SUPPORT_FRAME_REPLY_H
#define WEB_ROUTES_SUPPORT_FRAME_REPLY_H

#include "broker/frame/frame.h"
#include "web/http/http.h"

/* Replies with the frame, or with status 304 to a client that has it. frame: a sealed JPEG frame. */
void reply_frame(const struct http_request *request, const char *topic_id, const struct frame *frame);

#endif
