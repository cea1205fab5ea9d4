/* POST /api/tokens: its body and its reply.
 * Threads: any. */
#ifndef WEB_VIEWS_JSON_LINK_JSON_H
#define WEB_VIEWS_JSON_LINK_JSON_H

#include "broker/topic_settings.h"
#include "web/access/signed_link.h"

/* {"camera": "front-door", "expires_in_s": 3600} */
struct link_request {
    char camera[TOPIC_ID_MAX_BYTES + 1]; /* an id or a place */
    int64_t lasts_s;
};

/* ERR_INVALID with a reason. */
CHECKED enum err link_json_parse(const char *text, size_t length, struct link_request *request, struct reason *reason);

/* A link that was made. base_path: what its address begins with. Returns text to free(), NULL when memory ran out. */
char *link_json_render(const char *token, const struct signed_link *link, const char *base_path);

#endif
