/* Asks the nodes of imported cameras for what their pages and recordings show: node_request.h over cluster_request().
 * Cameras are named as here, NODE.ID.
 *
 * Every function: ERR_NOT_FOUND, ERR_GONE, ERR_TIMEOUT and ERR_CLOSED as of cluster_request(), ERR_INVALID: the answer
 * cannot be read; ERR_MEMORY; otherwise the error of the node; with a reason, which may be "".
 * Threads: any. Blocks: until the node has answered, some seconds at most. */
#ifndef BROKER_CLUSTER_REQUESTS_NODE_CLIENT_H
#define BROKER_CLUSTER_REQUESTS_NODE_CLIENT_H

#include "broker/cluster/cluster.h"
#include "broker/cluster/requests/node_request.h"

/* *list is empty before; to be finished. */
CHECKED enum err node_client_list_controls(struct cluster *cluster, const char *camera, struct control_list *list,
                                           struct reason *reason);
CHECKED enum err node_client_set_control(struct cluster *cluster, const char *camera,
                                         const struct control_request *control, struct reason *reason);

/* ERR_UNSUPPORTED: the camera is not watched for motion. To be finished. */
CHECKED enum err node_client_view_motion(struct cluster *cluster, const char *camera, struct motion_view *view,
                                         struct reason *reason);
/* The same, once its switch is set. */
CHECKED enum err node_client_switch_motion(struct cluster *cluster, const char *camera, bool on,
                                           struct motion_view *view, struct reason *reason);

/* New, unsealed JPEG frames from the pool: the picture of an event, and what was shown at a time. ERR_NOT_FOUND: there
 * is none. */
CHECKED enum err node_client_read_event_picture(struct cluster *cluster, const char *camera, uint64_t event,
                                                struct frame_pool *pool, struct frame **frame, struct reason *reason);
CHECKED enum err node_client_read_picture_at(struct cluster *cluster, const char *camera, int64_t at_ns,
                                             struct frame_pool *pool, struct frame **frame, struct reason *reason);

/* A slice of what is recorded of a camera between two times: `answer`, which is the caller's to free, holds the frames
 * that node_read_recorded_frame() takes from the reader. interval_ns: between frames; 0: all. offset: bytes of the
 * first frame that are here already. */
struct node_frames_query {
    int64_t from_ns, to_ns, interval_ns;
    struct node_frames_place place;
    uint32_t offset;
};
CHECKED enum err node_client_read_frames(struct cluster *cluster, const char *camera,
                                         const struct node_frames_query *query, struct cluster_answer *answer,
                                         struct wire_reader *reader, struct node_frames_head *head,
                                         struct reason *reason);

/* As catalogue_read_history(), of the cameras that the node exports, whose ids in rows and in the query are NODE.ID.
 * query->after_at_ns: INT64_MIN if only the key is known. query->limit: NODE_HISTORY_ROWS_MAX at most. *place: where
 * the next slice begins, unless a visit has returned false. */
CHECKED enum err node_client_read_history(struct cluster *cluster, const char *node, const struct history_query *query,
                                          history_visit *visit, void *user, struct node_history_place *place,
                                          struct reason *reason);

/* What is recorded of cameras of one node, as recording_listing_read(): a listing for each that has something, in
 * memory of the caller for as many as there are cameras, each to be finished. */
CHECKED enum err node_client_list_recordings(struct cluster *cluster, struct topic *const *cameras, size_t count,
                                             int64_t from_ns, int64_t to_ns, size_t stretches_max,
                                             struct recording_listing *listings, size_t *found, struct reason *reason);

#endif
