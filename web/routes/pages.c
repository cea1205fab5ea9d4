/* The HTML pages and what they load. */
#include "web/assets/assets.h"
#include "web/http/route.h"
#include "web/routes/support/playback_stream.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/server_figures.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/gallery.h"

#include <stdlib.h>
#include <string.h>

static struct page_settings page_settings_of(struct server_context *context, const struct http_request *request) {
    return (struct page_settings){
        .base_path = request_policy_settings(request->policy)->base_path,
        .stream_life_ns = atomic_load_explicit(&context->stream_life_ns, memory_order_relaxed),
        .principal = request->principal,
        .has_recordings = context->recorder != NULL || context->cluster != NULL,
    };
}

/* With a reference to their arena. */
static struct wall_views take_views(struct server_context *context) {
    lock_acquire(&context->lock);
    struct wall_views views = context->views;
    if (views.arena != NULL) {
        arena_ref(views.arena);
    }
    lock_release(&context->lock);
    return views;
}

static void handle_gallery(struct server_context *context, const struct http_request *request,
                           const struct route *route) {
    (void)route;
    struct broker_snapshot snapshot;
    if (!visible_cameras_snapshot(context, request, true, &snapshot)) {
        return;
    }
    const struct page_settings page = page_settings_of(context, request);
    struct wall_views views = take_views(context);
    reply_text(request, 200, CONTENT_HTML, NULL, gallery_render(&snapshot, &views, &page));
    arena_unref(&views.arena);
    broker_snapshot_finish(&snapshot);
}

static void handle_status_page(struct server_context *context, const struct http_request *request,
                               const struct route *route) {
    (void)route;
    struct broker_snapshot snapshot;
    if (!visible_cameras_snapshot(context, request, false, &snapshot)) {
        return;
    }
    struct cluster_snapshot cluster;
    struct server_counts counts = server_figures(context, request->principal);
    counts.cluster = server_cluster(context, &cluster);
    const struct page_settings page = page_settings_of(context, request);
    reply_text(request, 200, CONTENT_HTML, NULL, gallery_render_status(&snapshot, &counts, &page));
    cluster_snapshot_finish(&cluster);
    broker_snapshot_finish(&snapshot);
}

static void handle_camera_page(struct server_context *context, const struct http_request *request,
                               const struct route *route, struct topic *camera) {
    (void)route;
    struct topic_snapshot snapshot;
    if (!visible_camera_snapshot(context, request, camera, &snapshot)) {
        return;
    }
    const struct page_settings page = page_settings_of(context, request);
    reply_text(request, 200, CONTENT_HTML, NULL, gallery_render_camera(&snapshot, &page));
    topic_snapshot_finish(&snapshot);
}

static void handle_recordings_page(struct server_context *context, const struct http_request *request,
                                   const struct route *route) {
    (void)route;
    if (playback_admit(context, request, NULL)) {
        const struct page_settings page = page_settings_of(context, request);
        reply_text(request, 200, CONTENT_HTML, NULL, gallery_render_recordings(&page));
    }
}

/* RFC 9110, section 12.5.3; what forbids it with a weight of 0 gets the file as it is. */
static bool accepts_gzip(const char *encodings) {
    const char *found = encodings != NULL ? strstr(encodings, "gzip") : NULL;
    if (found == NULL) {
        return false;
    }
    const char *weight = found + strlen("gzip");
    weight += strspn(weight, " \t");
    return weight[0] != ';' || strtod(weight + strcspn(weight, "=") + (strchr(weight, '=') != NULL), NULL) > 0;
}

static void handle_asset(struct server_context *context, const struct http_request *request,
                         const struct route *route) {
    (void)context;
    const char *encodings = http_header(request, "Accept-Encoding");
    const struct asset *asset = asset_find(route->name);
    if (asset == NULL) {
        http_reply_error(request, 404, NULL, "not_found", "this file does not exist");
        return;
    }
    bool is_compressed = accepts_gzip(encodings);
    const char *body = is_compressed ? asset->gzip_bytes : asset->bytes;
    const char *end = is_compressed ? asset->gzip_end : asset->end;
    http_reply(request, &(struct http_reply){
                            .status = 200,
                            .content_type = asset->content_type,
                            .headers = is_compressed ? "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
                                                     : "Vary: Accept-Encoding\r\n",
                            .body = body,
                            .body_bytes = (size_t)(end - body),
                            .is_immutable = strcmp(route->version, asset_version()) == 0,
                        });
}

const struct route_row gallery_route = {
    .pattern = "/",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_ACTION,
    .listener = LISTENER_MAIN,
    .handle = handle_gallery,
};

const struct route_row camera_page_route = {
    .pattern = "/camera/{camera}",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_camera_page,
};

const struct route_row recordings_page_route = {
    .pattern = "/recordings",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_recordings_page,
};

const struct route_row status_page_route = {
    .pattern = "/status",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_status_page,
};

const struct route_row asset_route = {
    .pattern = "/assets/{file}",
    .methods = METHODS_READ,
    .need = NEED_PUBLIC_ASSET,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_asset,
};
