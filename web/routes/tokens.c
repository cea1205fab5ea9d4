/* POST /api/tokens: a signed link that shows one camera to everyone who has it. */
#include "broker/base/clock.h"
#include "web/access/signed_link.h"
#include "web/http/route.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/json/link_json.h"

#include <stdio.h>

#define BODY_MAX_BYTES 1024

static void handle_tokens(struct server_context *context, const struct http_request *request,
                          const struct route *route) {
    (void)route;
    char body[BODY_MAX_BYTES];
    size_t count;
    struct link_request link_request;
    struct reason reason = {""};
    if (!http_read_body(request, body, sizeof body, &count)) {
        return;
    }
    if (link_json_parse(body, count, &link_request, &reason) != ERR_OK) {
        http_reply_error(request, 400, NULL, "bad_body", "%s", reason.text);
        return;
    }
    const struct principal *principal = request->principal;
    struct topic *camera = visible_camera_find(context, principal, link_request.camera);
    if (camera == NULL) {
        http_reply_error(request, 404, NULL, "no_such_camera", "there is no such camera; /api/cameras lists them");
        return;
    }
    struct signed_link link = {.expires_s = clock_realtime_ns() / NS_PER_S + link_request.lasts_s};
    if (principal->account != NULL) {
        link.fingerprint = principal->account->fingerprint;
    }
    snprintf(link.camera, sizeof link.camera, "%s", topic_id(camera));
    topic_unref(&camera);
    char token[SIGNED_TEXT_ROOM_BYTES];
    signed_link_write(&link, access_link_key(principal->access), token);
    reply_text(request, 201, CONTENT_JSON, NULL,
               link_json_render(token, &link, request_policy_settings(request->policy)->base_path));
}

const struct route_row tokens_route = {
    .pattern = "/api/tokens",
    .methods = METHOD_POST,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_tokens,
};
