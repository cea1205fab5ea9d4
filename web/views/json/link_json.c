#include "web/views/json/link_json.h"

#include "broker/base/clock.h"
#include "web/views/json/json_body.h"
#include "web/views/json/json_values.h"

#include <stdio.h>
#include <string.h>

/* Enough for a base path, an id and a token. */
#define URL_MAX_BYTES 512

char *link_json_render(const char *token, const struct signed_link *link, const char *base_path) {
    char url[URL_MAX_BYTES];
    snprintf(url, sizeof url, "%s/camera/%s/video_feed?token=%s", base_path, link->camera, token);
    return json_render(json_pack("{s:s, s:s, s:s, s:o}", "camera", link->camera, "token", token, "url", url,
                                 "expires_at", time_json(link->expires_s * NS_PER_S, 0)));
}

enum err link_json_parse(const char *text, size_t length, struct link_request *request, struct reason *reason) {
    json_auto_t *document = NULL;
    enum err error = json_body_parse(
        text, length, "send JSON, such as {\"camera\": \"front-door\", \"expires_in_s\": 3600}", &document, reason);
    if (error != ERR_OK) {
        return error;
    }
    const char *camera = json_string_value(json_object_get(document, "camera"));
    if (camera == NULL) {
        reason_set(reason, "send \"camera\", an id that /api/cameras lists, as a string");
        return ERR_INVALID;
    }
    const json_t *expiry = json_object_get(document, "expires_in_s");
    json_int_t lasts_s = json_integer_value(expiry);
    if (!json_is_integer(expiry) || lasts_s < LINK_LASTS_MIN_S || lasts_s > LINK_LASTS_MAX_S) {
        reason_set(reason, "send \"expires_in_s\", the seconds until the link expires, a whole number from %d to %d",
                   LINK_LASTS_MIN_S, LINK_LASTS_MAX_S);
        return ERR_INVALID;
    }
    if (json_object_size(document) != 2) {
        reason_set(reason, "send nothing but \"camera\" and \"expires_in_s\"");
        return ERR_INVALID;
    }
    /* A name that is too long becomes one that no camera can have. */
    request->lasts_s = lasts_s;
    snprintf(request->camera, sizeof request->camera, "%s", strlen(camera) <= TOPIC_ID_MAX_BYTES ? camera : "?");
    return ERR_OK;
}
