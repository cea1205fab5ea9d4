#include "web/routes/support/detached_response.h"

#include <string.h>
#include <unistd.h>

void detached_response_init(struct detached_response *response, struct server_context *context,
                            const struct http_request *request) {
    *response = (struct detached_response){.context = context, .fd = -1};
    principal_copy(request->principal, &response->principal);
    memcpy(response->client, request->client, sizeof response->client);
}

bool detached_response_begin(struct detached_response *response, const struct http_request *request,
                             const struct http_stream_head *head, struct topic *const *cameras, size_t camera_count) {
    if (http_begin_stream(request, head, &response->fd) != ERR_OK || response->fd < 0) {
        return false;
    }
    response->is_registered =
        authorization_register_response(response->context->authorization, &response->registration, &response->principal,
                                        cameras, camera_count, response->fd);
    return response->is_registered;
}

void detached_response_close(struct detached_response *response) {
    if (response->is_registered) {
        authorization_unregister_response(response->context->authorization, &response->registration);
    }
    if (response->fd >= 0) {
        close(response->fd);
    }
    response->is_registered = false;
    response->fd = -1;
}

void detached_response_finish(struct detached_response *response) { principal_finish(&response->principal); }
