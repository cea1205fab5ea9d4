/* POST /camera/N/frame and POST /camera/N/ingest: frames that cameras send by themselves.
 *
 * Threads: the request's own. */
#ifndef WEB_PUSH_H
#define WEB_PUSH_H

#include "web/handlers.h"

/* Of a camera's own key, whoever else may see the camera. Blocks: for one frame, 10 s at most; for a stream, until it
 * ends or brings no frame for 10 s. */
void handle_push(struct site *site, const struct http_request *request, const struct route *route);

#endif
