/* Finds the principal of each request, and checks that it has the right that the route's row needs.
 *
 * Long responses, which are video streams and event streams, are registered here: each is ended as soon as its
 * principal loses the right to it, at a change of the settings or at a logout.
 *
 * Threads: any. Lock order: the lock in here is taken while no other of web/ is held. */
#ifndef WEB_ACCESS_AUTHORIZATION_H
#define WEB_ACCESS_AUTHORIZATION_H

#include "web/access/authentication.h"
#include "web/access/principal.h"
#include "web/http/http.h"
#include "web/http/route.h"

#include <sys/queue.h>

struct authorization;

/* Everybody may do everything, until authorization_set_access(). ERR_MEMORY, ERR_IO. */
CHECKED enum err authorization_create(struct authorization **authorization);
/* After the last request. */
void authorization_destroy(struct authorization **authorization);
/* From now on these settings hold, for long responses under way too. access is borrowed; NULL: everybody may do
 * everything. */
void authorization_set_access(struct authorization *authorization, struct access *access);
struct authenticator *authorization_authenticator(struct authorization *authorization); /* borrowed */

/* Finds the principal, which the caller finishes. False after refusing the request; then there is none to finish.
 * Blocks: while a password is checked. */
CHECKED bool authorization_admit(struct authorization *authorization, const struct http_request *request,
                                 const struct route *route, struct principal *principal);
/* Ends a session before it expires, and its long responses. */
void authorization_end_session(struct authorization *authorization, const struct session *session);
/* The same principal with its present rights, for a long response. *renewed is finished separately. */
void authorization_renew_principal(struct authorization *authorization, const struct principal *principal,
                                   struct principal *renewed);
/* Replies to a request whose credentials were not accepted. */
void authorization_refuse(const struct http_request *request, const struct authentication *found);

/* A long response, from authorization_register_response() to authorization_unregister_response(). The fields are
 * private. */
struct long_response {
    const struct principal *principal;
    struct topic *const *cameras;
    size_t camera_count;
    int fd;
    LIST_ENTRY(long_response) in_authorization;
};

/* Registers a response over the connection fd that shows these cameras; principal, cameras and fd are borrowed until it
 * is unregistered. The connection is shut down as soon as the principal may no longer view one of them or has logged
 * out. False, and not registered: that is so already. */
CHECKED bool authorization_register_response(struct authorization *authorization, struct long_response *response,
                                             const struct principal *principal, struct topic *const *cameras,
                                             size_t camera_count, int fd);
void authorization_unregister_response(struct authorization *authorization, struct long_response *response);

#endif
