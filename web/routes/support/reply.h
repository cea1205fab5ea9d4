/* Replies that several handlers send.
 * Threads: a request's own. */
#ifndef WEB_ROUTES_SUPPORT_REPLY_H
#define WEB_ROUTES_SUPPORT_REPLY_H

#include "web/http/http.h"
#include "web/http/route.h"

#define CONTENT_HTML "text/html; charset=utf-8"
#define CONTENT_JSON "application/json"
#define RETRY_SOON "Retry-After: 1\r\n"

/* Sends a text that a renderer made, and frees it; NULL: there was no memory for it. */
void reply_text(const struct http_request *request, int status, const char *content_type, const char *headers,
                char *text);
void reply_out_of_memory(const struct http_request *request);
void reply_no_such_camera(const struct http_request *request, const struct route *route);

#endif
