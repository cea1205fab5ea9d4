/* The cameras that a list in the query names (?cameras=a,b).
 * Threads: any. */
#ifndef WEB_ROUTES_SUPPORT_CAMERA_SELECTION_H
#define WEB_ROUTES_SUPPORT_CAMERA_SELECTION_H

#include "web/http/http.h"
#include "web/http/route.h"
#include "web/routes/support/server_context.h"

/* Cameras: a reference to each. Zeroed: none. */
struct camera_selection {
    struct topic **topics;
    size_t count;
};

/* Those that the route names, or all. False after refusing the request. To be finished in any case. */
CHECKED bool camera_selection_make(struct server_context *context, const struct http_request *request,
                                   const struct route *route, struct camera_selection *selection);
void camera_selection_finish(struct camera_selection *selection);

#endif
