/* The cameras as a principal sees them: handlers take cameras from here alone. Those that it may not view do not
 * exist for it.
 * Threads: any. */
#ifndef WEB_ROUTES_SUPPORT_VISIBLE_CAMERAS_H
#define WEB_ROUTES_SUPPORT_VISIBLE_CAMERAS_H

#include "web/http/route.h"
#include "web/routes/support/server_context.h"

/* By id, else by place among the visible ones, from 1. A new reference, or NULL. */
CHECKED struct topic *visible_camera_find(struct server_context *context, const struct principal *principal,
                                          const char *name);
/* The one that a route names. A new reference, or NULL. */
CHECKED struct topic *visible_camera_of_route(struct server_context *context, const struct principal *principal,
                                              const struct route *route);
/* All of them, in order: *count new references, in memory that is the caller's to free(). NULL when memory ran out. */
CHECKED struct topic **visible_cameras_list(struct server_context *context, const struct principal *principal,
                                            size_t *count);

/* Whether there is a node of the cluster that the principal may know of: one with a camera that it may view, or, if it
 * may view all, any. */
CHECKED bool visible_node(struct server_context *context, const struct principal *principal, const char *node);

/* broker_snapshot(), or broker_snapshot_brief(), and broker_snapshot_topic() of what the request's principal may view.
 * False after refusing the request. */
CHECKED bool visible_cameras_snapshot(struct server_context *context, const struct http_request *request, bool is_brief,
                                      struct broker_snapshot *snapshot);
CHECKED bool visible_camera_snapshot(struct server_context *context, const struct http_request *request,
                                     struct topic *camera, struct topic_snapshot *snapshot);

/* Hides from a principal what it may not know of a viewer: the client's address unless it is an administrator, which
 * becomes a label, and the number unless it may view every camera, or numbers would count the viewers of hidden ones.
 * The same viewer has the same number and label until the server ends. */
void visible_cameras_hide_viewer(const struct server_context *context, const struct principal *principal, uint64_t *id,
                                 char remote[SUBSCRIBER_REMOTE_BYTES]);

#endif
