/* POST /api/tokens: a link that shows one camera to whoever has it. */
#include "broker/clock.h"
#include "web/handlers.h"
#include "web/signed_link.h"
#include "web/status.h"

#include <stdio.h>

#define BODY_MAX_BYTES 1024

void handle_tokens(struct site *site, const struct http_request *request) {
    char body[BODY_MAX_BYTES];
    size_t count;
    struct link_wish wish;
    struct reason reason = {""};
    if (!http_read_body(request, body, sizeof body, &count)) {
        return;
    }
    if (status_parse_link_wish(body, count, &wish, &reason) != ERR_OK) {
        http_reply_error(request, 400, NULL, "bad_body", "%s", reason.text);
        return;
    }
    const struct visitor *visitor = request->visitor;
    struct topic *camera = site_find_camera(site, visitor, wish.camera);
    if (camera == NULL) {
        http_reply_error(request, 404, NULL, "no_such_camera", "there is no such camera; /api/cameras lists them");
        return;
    }
    struct signed_link link = {.expires_s = clock_realtime_ns() / NS_PER_S + wish.lasts_s};
    if (visitor->account != NULL) {
        link.fingerprint = visitor->account->fingerprint;
    }
    snprintf(link.camera, sizeof link.camera, "%s", topic_id(camera));
    topic_unref(&camera);
    char token[SIGNED_TEXT_ROOM_BYTES];
    signed_link_write(&link, access_link_key(visitor->access), token);
    reply_text(request, 201, CONTENT_JSON, NULL,
               status_render_link(token, &link, edge_settings(request->edge)->base_path));
}
