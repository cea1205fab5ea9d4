/* /api/cameras/N/motion: what the motion detector sees, and its switch; /camera/N/events/ID.jpg: the picture of an
 * event. */
#include "web/http/route.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/frame_reply.h"
#include "web/routes/support/reply.h"
#include "web/views/json/motion_json.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX_BYTES 1024

/* view is finished. */
static void reply_view(const struct http_request *request, const struct topic *camera, enum err error,
                       struct motion_view *view, const struct reason *reason) {
    if (error == ERR_OK) {
        reply_text(request, 200, CONTENT_JSON, NULL, motion_view_render(view));
        motion_view_finish(view);
    } else if (error == ERR_UNSUPPORTED) {
        http_reply_error(request, 404, NULL, "no_motion",
                         "this camera is not watched for motion; \"motion\": {} in its configuration changes that");
    } else if (!camera_reply_unreachable(request, camera, error, reason)) {
        reply_out_of_memory(request);
    }
}

static void handle_motion(struct server_context *context, const struct http_request *request, const struct route *route,
                          struct topic *camera) {
    (void)route;
    struct motion_view view;
    struct reason reason = {""};
    enum err error = camera_view_motion(context, camera, &view, &reason);
    reply_view(request, camera, error, &view, &reason);
}

static void handle_switch(struct server_context *context, const struct http_request *request, const struct route *route,
                          struct topic *camera) {
    (void)route;
    char body[BODY_MAX_BYTES];
    size_t count;
    bool is_active;
    struct reason reason = {""};
    if (!http_read_body(request, body, sizeof body, &count)) {
        return;
    }
    enum err error = motion_json_parse(body, count, &is_active, &reason);
    if (error == ERR_MEMORY) {
        reply_out_of_memory(request);
    } else if (error != ERR_OK) {
        http_reply_error(request, 400, NULL, "bad_body", "%s", reason.text);
    } else {
        struct motion_view view;
        error = camera_switch_motion(context, camera, is_active, &view, &reason);
        reply_view(request, camera, error, &view, &reason);
    }
}

/* The number in "1795981300123456.jpg"; 0: it is none. */
static uint64_t event_of(const char *file) {
    char *end;
    const uint64_t event = strtoull(file, &end, 10);
    return file[0] >= '1' && file[0] <= '9' && strcmp(end, ".jpg") == 0 ? event : 0;
}

static void handle_picture(struct server_context *context, const struct http_request *request,
                           const struct route *route, struct topic *camera) {
    struct frame *frame = NULL;
    struct reason reason = {""};
    enum err error = camera_read_event_picture(context, camera, event_of(route->file), &frame, &reason);
    if (error == ERR_OK) {
        reply_frame(request, topic_id(camera), frame);
    } else if (!camera_reply_unreachable(request, camera, error, &reason)) {
        http_reply_error(request, 404, NULL, "no_such_event",
                         "there is no picture of this event, or none any longer: the newest %d of a camera are kept",
                         MOTION_PICTURES_MAX);
    }
    frame_unref(&frame);
}

const struct route_row motion_route = {
    .pattern = "/api/cameras/{camera}/motion",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_motion,
};

const struct route_row motion_switch_route = {
    .pattern = "/api/cameras/{camera}/motion",
    .methods = METHOD_PUT,
    .need = NEED_ADMIN,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_switch,
};

const struct route_row motion_picture_route = {
    .pattern = "/camera/{camera}/events/{file}",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_picture,
};
