#include "web/routes/support/camera_requests.h"

#include "broker/cluster/requests/node_client.h"
#include "broker/recording/playback/recorded_picture.h"
#include "web/routes/support/reply.h"

const char *camera_node(const struct topic *camera, char node[NODE_MAX_BYTES + 1]) {
    const char *id;
    node[0] = '\0';
    return cluster_split_id(topic_id(camera), node, &id) ? node : NULL;
}

/* Whether another node is to be asked. */
static bool is_imported(const struct server_context *context, const struct topic *camera) {
    char node[NODE_MAX_BYTES + 1];
    return context->cluster != NULL && camera_node(camera, node) != NULL;
}

enum err camera_list_controls(struct server_context *context, struct topic *camera, struct control_list *list,
                              struct reason *reason) {
    if (!is_imported(context, camera)) {
        return control_port_list(topic_controls(camera), list, reason);
    }
    enum err error = node_client_list_controls(context->cluster, topic_id(camera), list, reason);
    if (error != ERR_OK) {
        control_list_finish(list);
    }
    return error;
}

enum err camera_set_control(struct server_context *context, struct topic *camera, const struct control_request *control,
                            struct reason *reason) {
    return is_imported(context, camera) ? node_client_set_control(context->cluster, topic_id(camera), control, reason)
                                        : control_port_set(topic_controls(camera), control, reason);
}

enum err camera_view_motion(struct server_context *context, struct topic *camera, struct motion_view *view,
                            struct reason *reason) {
    return is_imported(context, camera) ? node_client_view_motion(context->cluster, topic_id(camera), view, reason)
                                        : motion_port_view(topic_motion(camera), view);
}

enum err camera_switch_motion(struct server_context *context, struct topic *camera, bool on, struct motion_view *view,
                              struct reason *reason) {
    if (is_imported(context, camera)) {
        return node_client_switch_motion(context->cluster, topic_id(camera), on, view, reason);
    }
    return motion_port_switch(topic_motion(camera), on) ? motion_port_view(topic_motion(camera), view)
                                                        : ERR_UNSUPPORTED;
}

enum err camera_read_event_picture(struct server_context *context, struct topic *camera, uint64_t event,
                                   struct frame **frame, struct reason *reason) {
    if (is_imported(context, camera)) {
        return node_client_read_event_picture(context->cluster, topic_id(camera), event,
                                              broker_frame_pool(context->broker), frame, reason);
    }
    struct frame *found = motion_port_picture(topic_motion(camera), event);
    *frame = found;
    return found != NULL ? ERR_OK : ERR_NOT_FOUND;
}

enum err camera_read_recorded_picture(struct server_context *context, struct topic *camera, int64_t at_ns,
                                      struct frame **frame, struct reason *reason) {
    struct frame_pool *pool = broker_frame_pool(context->broker);
    if (is_imported(context, camera)) {
        return node_client_read_picture_at(context->cluster, topic_id(camera), at_ns, pool, frame, reason);
    }
    struct topic_settings settings;
    topic_copy_settings(camera, &settings);
    return recorded_picture_read(recorder_path(context->recorder), topic_id(camera), at_ns, settings.stale_after_ns,
                                 pool, frame);
}

bool camera_reply_unreachable(const struct http_request *request, const struct topic *camera, enum err error,
                              const struct reason *reason) {
    char node[NODE_MAX_BYTES + 1];
    if (camera_node(camera, node) == NULL ||
        (error != ERR_GONE && error != ERR_TIMEOUT && error != ERR_CLOSED && error != ERR_INVALID)) {
        return false;
    }
    http_reply_error(request, 503, RETRY_SOON, "node_unreachable", "the node \"%s\" cannot be asked: %s", node,
                     reason->text[0] != '\0' ? reason->text : err_text(error));
    return true;
}
