/* /healthz, /readyz and /metrics. */
#include "web/http/route.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/server_figures.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/metrics.h"
#include "web/views/status.h"

static void handle_health(struct server_context *context, const struct http_request *request,
                          const struct route *route) {
    (void)context;
    (void)route;
    reply_text(request, 200, CONTENT_JSON, NULL, status_render_health());
}

/* Everyone may ask whether all cameras are ready, but only those who may view a camera learn that it is not. */
static void handle_ready(struct server_context *context, const struct http_request *request,
                         const struct route *route) {
    (void)route;
    struct broker_snapshot snapshot;
    if (broker_snapshot_brief(context->broker, &snapshot) != ERR_OK) {
        reply_out_of_memory(request);
        return;
    }
    bool ready = true;
    char *text = status_render_ready(&snapshot, request->principal, &ready);
    reply_text(request, ready ? 200 : 503, CONTENT_JSON, ready ? NULL : RETRY_SOON, text);
    broker_snapshot_finish(&snapshot);
}

static void handle_metrics(struct server_context *context, const struct http_request *request,
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
    reply_text(request, 200, METRICS_CONTENT_TYPE, NULL, metrics_render(&snapshot, &counts));
    cluster_snapshot_finish(&cluster);
    recorder_status_finish(&recording);
    broker_snapshot_finish(&snapshot);
}

const struct route_row health_route = {
    .pattern = "/healthz",
    .methods = METHODS_READ,
    .need = NEED_NOTHING,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN_AND_MONITOR,
    .handle = handle_health,
};

const struct route_row ready_route = {
    .pattern = "/readyz",
    .methods = METHODS_READ,
    .need = NEED_NO_ACCOUNT,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN_AND_MONITOR,
    .handle = handle_ready,
};

const struct route_row metrics_route = {
    .pattern = "/metrics",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN_AND_MONITOR,
    .handle = handle_metrics,
};
