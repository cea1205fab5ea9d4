/* /api/cameras/N/privacy_masks: what is masked in the camera's picture, for those who draw masks. */
#include "broker/topic.h"
#include "web/http/route.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/reply.h"
#include "web/views/json/polygon_json.h"

static void handle_privacy_masks(struct server_context *context, const struct http_request *request,
                                 const struct route *route, struct topic *camera) {
    (void)context;
    (void)route;
    static const struct frame_masks none = {.count = 0};
    char node[NODE_MAX_BYTES + 1];
    if (camera_node(camera, node) != NULL) {
        http_reply_error(request, 501, NULL, "unsupported", "privacy masks of \"%s\" are shown on that server", node);
        return;
    }
    struct frame *newest = topic_newest(camera);
    reply_text(request, 200, CONTENT_JSON, NULL, privacy_masks_render(newest != NULL ? frame_masks(newest) : &none));
    frame_unref(&newest);
}

const struct route_row privacy_masks_route = {
    .pattern = "/api/cameras/{camera}/privacy_masks",
    .methods = METHODS_READ,
    .need = NEED_ADMIN,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_privacy_masks,
};
