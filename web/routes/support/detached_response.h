/* A response that outlives its request: a stream, an export, a table, events. What it needs of the request is kept, and
 * it ends when its principal loses the right to see it.
 *
 * Lifecycle: init; begin; close, once nothing writes any more; finish.
 * Threads: one at a time. Ownership: owns the principal's copy and, from begin on, the socket; the context is
 * borrowed. */
#ifndef WEB_ROUTES_SUPPORT_DETACHED_RESPONSE_H
#define WEB_ROUTES_SUPPORT_DETACHED_RESPONSE_H

#include "web/access/authorization.h"
#include "web/http/http.h"
#include "web/routes/support/server_context.h"

struct detached_response {
    struct server_context *context;
    struct principal principal;
    char client[ADDRESS_TEXT_BYTES];
    int fd; /* -1: none yet */
    /* Private: */
    struct long_response registration;
    bool is_registered; /* between authorization_register_response() and authorization_unregister_response() */
};

void detached_response_init(struct detached_response *response, struct server_context *context,
                            const struct http_request *request);
/* Sends the head and takes the connection over. cameras: that it shows, as for authorization_register_response().
 * False: the client has gone, its right has just been withdrawn, or a HEAD has its whole reply; then it can only be
 * closed. */
CHECKED bool detached_response_begin(struct detached_response *response, const struct http_request *request,
                                     const struct http_stream_head *head, struct topic *const *cameras,
                                     size_t camera_count);
/* Closes the connection. The client and the principal stay, for the slot that they hold. */
void detached_response_close(struct detached_response *response);
void detached_response_finish(struct detached_response *response);

#endif
