/* Answers a request: policy, route, right, handler.
 * Threads: any number of requests at once, each on its own thread. */
#ifndef WEB_ROUTES_DISPATCH_H
#define WEB_ROUTES_DISPATCH_H

#include "web/http/http.h"
#include "web/routes/support/server_context.h"

/* The request policy has described the request. Returns when the reply is sent. */
void dispatch_request(struct server_context *context, const struct http_request *request);
/* The same for the monitor, which serves only the rows that say so. */
void dispatch_monitor_request(struct server_context *context, const struct http_request *request);

#endif
