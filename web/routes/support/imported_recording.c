#include "web/routes/support/imported_recording.h"

#include "broker/cluster/requests/node_recording.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/reply.h"

void reply_no_recording(const struct http_request *request, const struct topic *camera) {
    http_reply_error(request, 404, NULL, "no_recording", "the camera \"%s\" has no recording from that time",
                     topic_id(camera));
}

bool imported_recording_open(struct server_context *context, const struct http_request *request, struct topic *camera,
                             const struct export_settings *settings, struct export_source *source) {
    const struct node_recording_settings wanted = {.camera = topic_id(camera),
                                                   .from_ns = settings->from_ns,
                                                   .to_ns = settings->to_ns,
                                                   .interval_ns = export_frame_interval_ns(settings)};
    struct reason reason = {""};
    enum err error =
        node_recording_open(context->cluster, &wanted, broker_frame_pool(context->broker), source, &reason);
    if (error == ERR_CLOSED || error == ERR_UNSUPPORTED || error == ERR_NOT_FOUND) {
        reply_no_recording(request, camera);
    } else if (error == ERR_MEMORY) {
        reply_out_of_memory(request);
    } else if (error != ERR_OK && !camera_reply_unreachable(request, camera, error, &reason)) {
        http_reply_error(request, 503, RETRY_SOON, "unavailable", "the recordings cannot be read: %s",
                         reason.text[0] != '\0' ? reason.text : err_text(error));
    }
    return error == ERR_OK;
}
