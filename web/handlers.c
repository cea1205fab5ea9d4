#include "web/handlers.h"

#include "web/assets.h"
#include "web/gallery.h"
#include "web/metrics.h"
#include "web/openapi.h"
#include "web/push.h"
#include "web/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_text(const struct http_request *request, int status, const char *content_type, const char *headers,
                char *text) {
    if (text == NULL) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "out_of_memory", "the server is out of memory");
        return;
    }
    http_reply(request, &(struct http_reply){.status = status,
                                             .content_type = content_type,
                                             .headers = headers,
                                             .body = text,
                                             .body_bytes = strlen(text)});
    free(text);
}

/* ---- Of the whole broker ---- */

static struct server_counts counts_of(struct site *site, const struct visitor *visitor) {
    struct server_counts counts = {
        .is_hidden = !access_may_view_all(visitor),
        .streams_active = atomic_load_explicit(&site->streams_active, memory_order_relaxed),
        .streams_max = atomic_load_explicit(&site->streams_max, memory_order_relaxed),
        .streams_rejected = atomic_load_explicit(&site->streams_rejected, memory_order_relaxed),
        .streams_rejected_per_address = atomic_load_explicit(&site->streams_rejected_per_address, memory_order_relaxed),
    };
    lock_acquire(&site->lock);
    counts.reloads = site->reloads;
    lock_release(&site->lock);
    for (int i = 0; i < HOOK_RESULTS; i++) {
        counts.hooks[i] = atomic_load_explicit(&site->hooks.results[i], memory_order_relaxed);
    }
    for (int i = 0; i < REPLY_CLASSES; i++) {
        counts.replies[i] = http_reply_count(i + 1);
    }
    return counts;
}

static struct page_settings page_settings_of(struct site *site, const struct http_request *request) {
    return (struct page_settings){
        .base_path = edge_settings(request->edge)->base_path,
        .stream_life_ns = atomic_load_explicit(&site->stream_life_ns, memory_order_relaxed),
        .visitor = request->visitor,
    };
}

static void handle_overview(struct site *site, const struct http_request *request, const struct route *route) {
    enum route_target target = route->target;
    bool is_brief = route->is_brief || target == ROUTE_GALLERY;
    struct broker_snapshot snapshot;
    if (site_snapshot(site, request->visitor, is_brief, &snapshot) != ERR_OK) {
        reply_text(request, 503, CONTENT_JSON, NULL, NULL);
        return;
    }
    struct server_counts counts = counts_of(site, request->visitor);
    const struct page_settings page = page_settings_of(site, request);
    switch (target) {
    case ROUTE_GALLERY: reply_text(request, 200, CONTENT_HTML, NULL, gallery_render(&snapshot, &page)); break;
    case ROUTE_STATUS_PAGE:
        reply_text(request, 200, CONTENT_HTML, NULL, gallery_render_status(&snapshot, &counts, &page));
        break;
    case ROUTE_STATUS: reply_text(request, 200, CONTENT_JSON, NULL, status_render(&snapshot, &counts)); break;
    case ROUTE_METRICS: reply_text(request, 200, METRICS_CONTENT_TYPE, NULL, metrics_render(&snapshot, &counts)); break;
    default: reply_text(request, 200, CONTENT_JSON, NULL, status_render_cameras(&snapshot));
    }
    broker_snapshot_finish(&snapshot);
}

/* Anybody may ask whether all is well, but which cameras are not is told only to those who may see them. */
static void handle_ready(struct site *site, const struct http_request *request) {
    struct broker_snapshot snapshot;
    if (broker_snapshot_brief(site->broker, &snapshot) != ERR_OK) {
        reply_text(request, 503, CONTENT_JSON, NULL, NULL);
        return;
    }
    bool ready = true;
    char *text = status_render_ready(&snapshot, request->visitor, &ready);
    reply_text(request, ready ? 200 : 503, CONTENT_JSON, ready ? NULL : "Retry-After: 1\r\n", text);
    broker_snapshot_finish(&snapshot);
}

/* ---- Of one camera ---- */

static void handle_camera_view(struct site *site, const struct http_request *request, enum route_target target,
                               struct topic *topic) {
    struct topic_snapshot snapshot;
    if (site_snapshot_camera(site, request->visitor, topic, &snapshot) != ERR_OK) {
        reply_text(request, 503, CONTENT_JSON, NULL, NULL);
        return;
    }
    if (target == ROUTE_CAMERA_PAGE) {
        const struct page_settings page = page_settings_of(site, request);
        reply_text(request, 200, CONTENT_HTML, NULL, gallery_render_camera(&snapshot, &page));
    } else {
        reply_text(request, 200, CONTENT_JSON, NULL, status_render_camera(&snapshot));
    }
    topic_snapshot_finish(&snapshot);
}

void reply_no_such_camera(const struct http_request *request, const struct route *route) {
    char name[ROUTE_NAME_MAX_BYTES + 1];
    snprintf(name, sizeof name, "%zu", route->place + 1);
    http_reply_error(request, 404, NULL, "no_such_camera", "there is no camera \"%s\"; /api/cameras lists them",
                     route->name[0] != '\0' ? route->name : name);
}

static void handle_camera(struct site *site, const struct http_request *request, const struct route *route) {
    struct topic *topic = route->name[0] != '\0' ? site_find_camera(site, request->visitor, route->name)
                                                 : site_camera_at(site, request->visitor, route->place);
    if (topic == NULL) {
        reply_no_such_camera(request, route);
        return;
    }
    switch (route->target) {
    case ROUTE_VIDEO_FEED: handle_video_feed(site, request, route, topic); break;
    case ROUTE_SNAPSHOT: handle_snapshot(site, request, route, topic); break;
    case ROUTE_CONTROLS: handle_controls(site, request, route, topic); break;
    default: handle_camera_view(site, request, route->target, topic);
    }
    topic_unref(&topic);
}

/* ---- All ---- */

static void handle_asset(const struct http_request *request, const char *name) {
    const struct asset *asset = asset_find(name);
    if (asset == NULL) {
        http_reply_error(request, 404, NULL, "not_found", "there is no such file");
        return;
    }
    http_reply(request, &(struct http_reply){.status = 200,
                                             .content_type = asset->content_type,
                                             .body = asset->bytes,
                                             .body_bytes = asset_size(asset)});
}

static void reply_route_error(const struct http_request *request, const struct route_error *error) {
    char allow[64] = "";
    if (error->allow[0] != '\0') {
        snprintf(allow, sizeof allow, "Allow: %s\r\n", error->allow);
    }
    http_reply_error(request, error->status, allow, error->code, "%s", error->message.text);
}

/* The visitor has been admitted. */
static void answer(struct site *site, const struct http_request *request, const struct route *route) {
    switch (route->target) {
    case ROUTE_ASSET: handle_asset(request, route->name); break;
    case ROUTE_HEALTH: reply_text(request, 200, CONTENT_JSON, NULL, status_render_health()); break;
    case ROUTE_GALLERY:
    case ROUTE_STATUS_PAGE:
    case ROUTE_STATUS:
    case ROUTE_METRICS:
    case ROUTE_CAMERAS: handle_overview(site, request, route); break;
    case ROUTE_OPENAPI:
        reply_text(request, 200, CONTENT_JSON, NULL, openapi_render(edge_settings(request->edge)->base_path));
        break;
    case ROUTE_READY: handle_ready(site, request); break;
    case ROUTE_FEED: handle_feed(site, request, route); break;
    case ROUTE_EVENTS: handle_events(site, request, route); break;
    case ROUTE_RELOAD: handle_reload(site, request); break;
    case ROUTE_CAMERA_PAGE:
    case ROUTE_VIDEO_FEED:
    case ROUTE_SNAPSHOT:
    case ROUTE_CONTROLS:
    case ROUTE_CAMERA: handle_camera(site, request, route); break;
    case ROUTE_PUSH_FRAME:
    case ROUTE_PUSH_STREAM: handle_push(site, request, route); break;
    case ROUTE_LOGIN: handle_login(site, request, route); break;
    case ROUTE_LOGOUT: handle_logout(site, request); break;
    case ROUTE_TOKENS: handle_tokens(site, request); break;
    }
}

void handle_request(struct site *site, const struct http_request *request) {
    struct route route;
    struct route_error error;
    if (!edge_admit(request)) {
        return;
    }
    if (route_parse(request->method, request->path, request->query, &route, &error) != ERR_OK) {
        if (error.status == 405 && edge_is_preflight(request)) {
            edge_reply_preflight(request, error.allow);
        } else {
            reply_route_error(request, &error);
        }
        return;
    }
    struct visitor visitor;
    if (!gate_admit(site->gate, request, &route, &visitor)) {
        return;
    }
    struct http_request admitted = *request;
    admitted.visitor = &visitor;
    char cookie[SESSION_COOKIE_ROOM_BYTES];
    session_cookie_renew(&admitted, cookie);
    admitted.visitor_headers = cookie;
    answer(site, &admitted, &route);
    visitor_finish(&visitor);
}

void handle_monitoring(struct site *site, const struct http_request *request) {
    struct route route;
    struct route_error unused;
    bool is_here = route_parse("GET", request->path, NULL, &route, &unused) == ERR_OK &&
                   (route.target == ROUTE_HEALTH || route.target == ROUTE_READY || route.target == ROUTE_METRICS ||
                    route.target == ROUTE_STATUS);
    if (is_here) {
        handle_request(site, request);
    } else if (edge_admit(request)) {
        http_reply_error(request, 404, NULL, "not_found", "here are only /healthz, /readyz, /metrics and /api/status");
    }
}
