/* /api/recordings: what is recorded; deletes and protects it. */
#include "broker/base/saturating.h"
#include "broker/recording/recorder.h"
#include "web/http/route.h"
#include "web/routes/support/camera_recordings.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/playback_stream.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/json/recording_json.h"

#include <stdlib.h>

/* Stretches of all cameras in one answer, below 200 KB; of one camera, where there are many. */
#define STRETCHES_MAX 1600
#define STRETCHES_MIN 24

/* ---- Reading ---- */

static void reply_list(struct server_context *context, const struct http_request *request, const struct route *route,
                       struct topic *const *cameras, size_t count) {
    const size_t stretches_max = max_size(STRETCHES_MAX / max_size(count, 1), STRETCHES_MIN);
    struct camera_recordings recordings;
    struct reason reason = {""};
    enum err error = camera_recordings_read(context, cameras, count, max_i64(route->period.from_ns, 0),
                                            route->period.to_ns, stretches_max, &recordings, &reason);
    if (error == ERR_OK) {
        reply_text(request, 200, CONTENT_JSON, NULL, recordings_render(recordings.listings, recordings.count));
        camera_recordings_finish(&recordings);
    } else if (count != 1 || !camera_reply_unreachable(request, cameras[0], error, &reason)) {
        http_reply_error(request, 503, RETRY_SOON, "unavailable", "the recordings cannot be read: %s",
                         reason.text[0] != '\0' ? reason.text : err_text(error));
    }
}

static void handle_list(struct server_context *context, const struct http_request *request, const struct route *route) {
    size_t count = 1;
    if (!playback_admit(context, request, NULL)) {
        return;
    }
    if (route->camera[0] != '\0') {
        struct topic *camera = visible_camera_find(context, request->principal, route->camera);
        if (camera == NULL) {
            reply_no_such_camera(request, route);
            return;
        }
        reply_list(context, request, route, &camera, 1);
        topic_unref(&camera);
        return;
    }
    struct topic **cameras = visible_cameras_list(context, request->principal, &count);
    if (cameras == NULL) {
        reply_out_of_memory(request);
        return;
    }
    reply_list(context, request, route, cameras, count);
    for (size_t i = 0; i < count; i++) {
        topic_unref(&cameras[i]);
    }
    free(cameras);
}

/* ---- Changing ---- */

/* The camera and the times, which a change must name. NULL after refusing the request. */
static struct topic *find_subject(struct server_context *context, const struct http_request *request,
                                  const struct route *route) {
    if (!playback_admit(context, request, NULL)) {
        return NULL;
    }
    if (route->camera[0] == '\0' || route->period.from_ns < 0 || route->period.to_ns == INT64_MAX) {
        http_reply_error(
            request, 400, NULL, "bad_parameter",
            "camera, from and to are required: ?camera=ID&from=TIME&to=TIME, with times such as 2026-01-31T12:00:00Z");
        return NULL;
    }
    if (route->period.from_ns > route->period.to_ns) {
        http_reply_error(request, 400, NULL, "bad_parameter", "\"from\" must not be later than \"to\"");
        return NULL;
    }
    struct topic *camera = visible_camera_find(context, request->principal, route->camera);
    if (camera == NULL) {
        reply_no_such_camera(request, route);
    } else if (!playback_admit_change(context, request, camera)) {
        topic_unref(&camera);
    }
    return camera;
}

static void reply_failure(const struct http_request *request, enum err error, const struct reason *reason) {
    http_reply_error(request, 503, RETRY_SOON, "unavailable", "the recordings cannot be changed: %s",
                     reason->text[0] != '\0' ? reason->text : err_text(error));
}

static void handle_delete(struct server_context *context, const struct http_request *request,
                          const struct route *route) {
    struct topic *camera = find_subject(context, request, route);
    if (camera == NULL) {
        return;
    }
    uint64_t deleted, bytes;
    struct reason reason = {""};
    enum err error = recorder_delete(context->recorder, topic_id(camera), route->period.from_ns, route->period.to_ns,
                                     &deleted, &bytes, &reason);
    topic_unref(&camera);
    if (error == ERR_OK) {
        reply_text(request, 200, CONTENT_JSON, NULL, recordings_render_deleted(deleted, bytes));
    } else {
        reply_failure(request, error, &reason);
    }
}

static void handle_protect(struct server_context *context, const struct http_request *request,
                           const struct route *route) {
    struct topic *camera = find_subject(context, request, route);
    if (camera == NULL) {
        return;
    }
    const bool is_released = route->method == METHOD_DELETE;
    struct reason reason = {""};
    enum err error = recorder_protect(context->recorder, topic_id(camera), route->period.from_ns, route->period.to_ns,
                                      is_released, &reason);
    topic_unref(&camera);
    if (error == ERR_OK) {
        reply_text(request, 200, CONTENT_JSON, NULL, recordings_render_protected(!is_released));
    } else {
        reply_failure(request, error, &reason);
    }
}

const struct route_row recordings_route = {
    .pattern = "/api/recordings",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_CAMERA | PARAMETER_FROM | PARAMETER_TO,
    .listener = LISTENER_MAIN,
    .handle = handle_list,
};

const struct route_row recordings_delete_route = {
    .pattern = "/api/recordings",
    .methods = METHOD_DELETE,
    .need = NEED_ADMIN,
    .parameters = PARAMETER_CAMERA | PARAMETER_FROM | PARAMETER_TO,
    .listener = LISTENER_MAIN,
    .handle = handle_delete,
};

const struct route_row recordings_protect_route = {
    .pattern = "/api/recordings/protect",
    .methods = METHOD_POST | METHOD_DELETE,
    .need = NEED_ADMIN,
    .parameters = PARAMETER_CAMERA | PARAMETER_FROM | PARAMETER_TO,
    .listener = LISTENER_MAIN,
    .handle = handle_protect,
};
