/* What routes ask of a camera, whether this server has it or another node of the cluster: then the node is asked.
 * Threads: the request's own. Blocks: while the node answers, some seconds at most. */
#ifndef WEB_ROUTES_SUPPORT_CAMERA_REQUESTS_H
#define WEB_ROUTES_SUPPORT_CAMERA_REQUESTS_H

#include "broker/control.h"
#include "broker/motion_port.h"
#include "web/http/http.h"
#include "web/routes/support/server_context.h"

/* The node of an imported camera, or NULL with node "": it is of here. */
const char *camera_node(const struct topic *camera, char node[NODE_MAX_BYTES + 1]);

/* As control_port_list() and control_port_set(). */
CHECKED enum err camera_list_controls(struct server_context *context, struct topic *camera, struct control_list *list,
                                      struct reason *reason);
CHECKED enum err camera_set_control(struct server_context *context, struct topic *camera,
                                    const struct control_request *control, struct reason *reason);

/* As motion_port_view(). */
CHECKED enum err camera_view_motion(struct server_context *context, struct topic *camera, struct motion_view *view,
                                    struct reason *reason);
/* The same, once its switch is set. */
CHECKED enum err camera_switch_motion(struct server_context *context, struct topic *camera, bool on,
                                      struct motion_view *view, struct reason *reason);
/* The picture of an event, as a new reference. ERR_NOT_FOUND: there is none any longer. */
CHECKED enum err camera_read_event_picture(struct server_context *context, struct topic *camera, uint64_t event,
                                           struct frame **frame, struct reason *reason);
/* The frame that was newest at a time, unsealed. ERR_NOT_FOUND: there was none, or it was stale by then. */
CHECKED enum err camera_read_recorded_picture(struct server_context *context, struct topic *camera, int64_t at_ns,
                                              struct frame **frame, struct reason *reason);

/* True after the request has been answered: error is one of a node that could not be asked. */
bool camera_reply_unreachable(const struct http_request *request, const struct topic *camera, enum err error,
                              const struct reason *reason);

#endif
