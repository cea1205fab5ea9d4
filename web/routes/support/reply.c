#include "web/routes/support/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_out_of_memory(const struct http_request *request) {
    http_reply_error(request, 503, RETRY_SOON, "out_of_memory", "the server is out of memory");
}

void reply_text(const struct http_request *request, int status, const char *content_type, const char *headers,
                char *text) {
    if (text == NULL) {
        reply_out_of_memory(request);
        return;
    }
    http_reply(request, &(struct http_reply){.status = status,
                                             .content_type = content_type,
                                             .headers = headers,
                                             .body = text,
                                             .body_bytes = strlen(text)});
    free(text);
}

void reply_no_such_camera(const struct http_request *request, const struct route *route) {
    char place[ROUTE_NAME_MAX_BYTES + 1];
    snprintf(place, sizeof place, "%zu", route->place + 1);
    http_reply_error(request, 404, NULL, "no_such_camera", "there is no camera \"%s\"; /api/cameras lists them",
                     route->name[0] != '\0' ? route->name : place);
}
