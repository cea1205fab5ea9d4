#include "web/routes/support/export_response.h"

#include "web/access/slots.h"
#include "web/routes/support/detached_response.h"
#include "web/routes/support/reply.h"

#include <stdlib.h>
#include <string.h>

/* All that an export needs once its request is over. */
struct export_response {
    struct detached_response detached;
    size_t camera_count;
    struct topic *cameras[]; /* references */
};

static struct export_response *response_create(struct server_context *context, const struct http_request *request,
                                               struct topic *const *cameras, size_t count) {
    struct export_response *response = calloc(1, sizeof *response + count * sizeof response->cameras[0]);
    if (response == NULL) {
        return NULL;
    }
    detached_response_init(&response->detached, context, request);
    for (; response->camera_count < count; response->camera_count++) {
        response->cameras[response->camera_count] = topic_ref(cameras[response->camera_count]);
    }
    return response;
}

static void response_destroy(void *user) {
    struct export_response *response = user;
    struct detached_response *detached = &response->detached;
    detached_response_close(detached);
    for (size_t i = 0; i < response->camera_count; i++) {
        topic_unref(&response->cameras[i]);
    }
    slot_release(&detached->context->slots.exports, detached->client, &detached->principal);
    detached_response_finish(detached);
    free(response);
}

/* False: it has not begun. */
static bool response_start(struct export_response *response, struct export_settings settings) {
    char(*ids)[TOPIC_ID_MAX_BYTES + 1] = calloc(response->camera_count, sizeof *ids);
    if (ids == NULL) {
        return false;
    }
    for (size_t i = 0; i < response->camera_count; i++) {
        const char *id = topic_id(response->cameras[i]);
        memcpy(ids[i], id, strlen(id));
    }
    settings.cameras = (const char(*)[TOPIC_ID_MAX_BYTES + 1]) ids;
    settings.camera_count = response->camera_count;
    settings.fd = response->detached.fd;
    settings.ended = response_destroy;
    settings.user = response;
    enum err error = exports_begin(response->detached.context->exports, &settings);
    free(ids);
    return error == ERR_OK;
}

bool export_response_admit(struct server_context *context, const struct http_request *request) {
    if (slot_take(&context->slots.exports, request->client, request->principal) != SLOT_TAKEN) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_exports",
                         "too many recordings are already being read: try again later");
        return false;
    }
    return true;
}

void export_response_leave(struct server_context *context, const struct http_request *request) {
    slot_release(&context->slots.exports, request->client, request->principal);
}

static void close_sources(const struct export_settings *settings, size_t count) {
    for (size_t i = 0; settings->sources != NULL && i < count; i++) {
        struct export_source source = settings->sources[i];
        export_source_close(&source);
    }
}

void export_response_begin(struct server_context *context, const struct http_request *request,
                           const struct http_stream_head *head, struct topic *const *cameras, size_t camera_count,
                           struct export_settings settings) {
    if (camera_count > EXPORT_CAMERAS_MAX) {
        close_sources(&settings, camera_count);
        export_response_leave(context, request);
        http_reply_error(request, 400, NULL, "bad_parameter", "at most %u cameras can be read at once",
                         EXPORT_CAMERAS_MAX);
        return;
    }
    struct export_response *response = response_create(context, request, cameras, camera_count);
    if (response == NULL) {
        close_sources(&settings, camera_count);
        export_response_leave(context, request);
        reply_out_of_memory(request);
        return;
    }
    if (!detached_response_begin(&response->detached, request, head, response->cameras, camera_count) ||
        !response_start(response, settings)) {
        close_sources(&settings, camera_count);
        response_destroy(response);
    }
}
