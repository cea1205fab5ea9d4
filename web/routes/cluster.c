/* /api/cluster: the other nodes, and what flows between them and this one. */
#include "web/http/route.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/server_figures.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/json/cluster_json.h"

/* Figures say what others watch: they are for administrators of all cameras. */
static void handle_cluster(struct server_context *context, const struct http_request *request,
                           const struct route *route) {
    (void)route;
    const struct principal *principal = request->principal;
    const bool shows_figures = principal_rights(principal) == RIGHTS_ADMIN && access_may_view_all(principal);
    struct broker_snapshot snapshot;
    struct cluster_snapshot cluster;
    if (!visible_cameras_snapshot(context, request, true, &snapshot)) {
        return;
    }
    reply_text(request, 200, CONTENT_JSON, NULL,
               cluster_render(server_cluster(context, &cluster), &snapshot, shows_figures));
    cluster_snapshot_finish(&cluster);
    broker_snapshot_finish(&snapshot);
}

const struct route_row cluster_route = {
    .pattern = "/api/cluster",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN_AND_MONITOR,
    .handle = handle_cluster,
};
