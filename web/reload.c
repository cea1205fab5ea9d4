/* /api/reload: what it does is the program's; here it is only asked for. */
#include "web/handlers.h"

#include <stdlib.h>
#include <string.h>

/* Requests that may wait at once, so that the other workers in reserve answer the rest. */
#define WAITING_MAX 4u

void handle_reload(struct site *site, const struct http_request *request) {
    if (site->host.reload == NULL) {
        http_reply_error(request, 404, NULL, "not_found", "there is no configuration to read again");
        return;
    }
    if (!place_take(&site->reloads_waiting, WAITING_MAX)) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "too_many_reloads", "%u reloads are under way already",
                         WAITING_MAX);
        return;
    }
    struct reload_answer answer = {0};
    site->host.reload(site->host.user, request->visitor, &answer);
    place_leave(&site->reloads_waiting);
    if (answer.json == NULL) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "out_of_memory", "the server is out of memory");
        return;
    }
    http_reply(request, &(struct http_reply){.status = answer.status,
                                             .content_type = "application/json",
                                             .headers = answer.status == 503 ? "Retry-After: 1\r\n" : NULL,
                                             .body = answer.json,
                                             .body_bytes = strlen(answer.json)});
    free(answer.json);
}
