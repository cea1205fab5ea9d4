#include "web/routes/dispatch.h"

#include "web/access/session_cookie.h"
#include "web/http/router.h"
#include "web/routes/route_table.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/visible_cameras.h"

#include <stdio.h>
#include <string.h>

static void reply_route_error(const struct http_request *request, const struct route_error *error) {
    char allow[64] = "";
    if (error->allow[0] != '\0') {
        snprintf(allow, sizeof allow, "Allow: %s\r\n", error->allow);
    }
    http_reply_error(request, error->status, allow, error->code, "%s", error->message.text);
}

static void handle_camera_route(struct server_context *context, const struct http_request *request,
                                const struct route *route) {
    struct topic *camera = visible_camera_of_route(context, request->principal, route);
    if (camera == NULL) {
        reply_no_such_camera(request, route);
        return;
    }
    route->row->handle_camera(context, request, route, camera);
    topic_unref(&camera);
}

static void handle_admitted(struct server_context *context, const struct http_request *request,
                            const struct route *route) {
    if (route->row->handle_camera != NULL) {
        handle_camera_route(context, request, route);
    } else {
        route->row->handle(context, request, route);
    }
}

void dispatch_request(struct server_context *context, const struct http_request *request) {
    struct route route;
    struct route_error error;
    if (!request_policy_admit(request)) {
        return;
    }
    if (router_parse(&route_table, request->method, request->path, request->query, &route, &error) != ERR_OK) {
        if (error.status == 405 && request_policy_is_preflight(request)) {
            request_policy_reply_preflight(request, error.allow);
        } else {
            reply_route_error(request, &error);
        }
        return;
    }
    struct principal principal;
    if (!authorization_admit(context->authorization, request, &route, &principal)) {
        return;
    }
    struct http_request admitted = *request;
    admitted.principal = &principal;
    char cookie[SESSION_COOKIE_CAPACITY];
    session_cookie_renew(&admitted, cookie);
    admitted.principal_headers = cookie;
    handle_admitted(context, &admitted, &route);
    principal_finish(&principal);
}

static void reply_not_on_monitor(const struct http_request *request) {
    struct reason paths = {""};
    for (size_t i = 0; i < route_table.count; i++) {
        if (route_table.rows[i]->listener == LISTENER_MAIN_AND_MONITOR) {
            size_t used = strlen(paths.text);
            snprintf(paths.text + used, sizeof paths.text - used, " %s", route_table.rows[i]->pattern);
        }
    }
    http_reply_error(request, 404, NULL, "not_found", "this address serves only:%.150s", paths.text);
}

void dispatch_monitor_request(struct server_context *context, const struct http_request *request) {
    struct route route;
    struct route_error unused;
    if (router_parse(&route_table, "GET", request->path, NULL, &route, &unused) == ERR_OK &&
        route.row->listener == LISTENER_MAIN_AND_MONITOR) {
        dispatch_request(context, request);
    } else if (request_policy_admit(request)) {
        reply_not_on_monitor(request);
    }
}
