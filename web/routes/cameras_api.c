/* /api/status, /api/cameras, /api/cameras/N and /api/openapi.json. */
#include "web/http/route.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/server_figures.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/openapi.h"
#include "web/views/status.h"

static void handle_status(struct server_context *context, const struct http_request *request,
                          const struct route *route) {
    (void)route;
    struct broker_snapshot snapshot;
    if (!visible_cameras_snapshot(context, request, false, &snapshot)) {
        return;
    }
    struct recorder_status recording;
    struct cluster_snapshot cluster;
    struct server_counts counts = server_figures(context, request->principal);
    counts.cluster = server_cluster(context, &cluster);
    counts.recording = server_recording(context, request->principal, &recording);
    reply_text(request, 200, CONTENT_JSON, NULL, status_render(&snapshot, &counts));
    cluster_snapshot_finish(&cluster);
    recorder_status_finish(&recording);
    broker_snapshot_finish(&snapshot);
}

static void handle_cameras(struct server_context *context, const struct http_request *request,
                           const struct route *route) {
    struct broker_snapshot snapshot;
    if (!visible_cameras_snapshot(context, request, route->is_brief, &snapshot)) {
        return;
    }
    struct recorder_status recording;
    const struct recorder_status *shown = server_recording(context, request->principal, &recording);
    reply_text(request, 200, CONTENT_JSON, NULL, status_render_cameras(&snapshot, shown));
    recorder_status_finish(&recording);
    broker_snapshot_finish(&snapshot);
}

static void handle_camera(struct server_context *context, const struct http_request *request, const struct route *route,
                          struct topic *camera) {
    (void)route;
    struct topic_snapshot snapshot;
    if (!visible_camera_snapshot(context, request, camera, &snapshot)) {
        return;
    }
    struct recorder_status recording;
    const struct recorder_status *shown = server_recording(context, request->principal, &recording);
    reply_text(request, 200, CONTENT_JSON, NULL, status_render_camera(&snapshot, shown));
    recorder_status_finish(&recording);
    topic_snapshot_finish(&snapshot);
}

static void handle_openapi(struct server_context *context, const struct http_request *request,
                           const struct route *route) {
    (void)context;
    (void)route;
    reply_text(request, 200, CONTENT_JSON, NULL, openapi_render(request_policy_settings(request->policy)->base_path));
}

const struct route_row status_route = {
    .pattern = "/api/status",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN_AND_MONITOR,
    .handle = handle_status,
};

const struct route_row cameras_route = {
    .pattern = "/api/cameras",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_BRIEF,
    .listener = LISTENER_MAIN,
    .handle = handle_cameras,
};

const struct route_row camera_route = {
    .pattern = "/api/cameras/{camera}",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_camera,
};

const struct route_row openapi_route = {
    .pattern = "/api/openapi.json",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_openapi,
};
