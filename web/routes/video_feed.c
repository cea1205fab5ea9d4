/* One camera as multipart/x-mixed-replace. */
#include "web/http/route.h"
#include "web/routes/support/live_stream.h"
#include "web/routes/support/picture_topic.h"
#include "web/routes/support/playback_stream.h"

#include <string.h>

/* Chromium and what is built on it. */
static bool needs_repetition(const struct http_request *request) {
    const char *agent = http_header(request, "User-Agent");
    return agent != NULL && strstr(agent, "Chrome/") != NULL;
}

static void handle_video_feed(struct server_context *context, const struct http_request *request,
                              const struct route *route, struct topic *camera) {
    if (!stream_admission_enter(&context->streams, request)) {
        return;
    }
    struct stream_settings settings = {
        .topic_count = 1, .route = "video_feed", .repeat_for_display = needs_repetition(request)};
    if (route->period.at_ns >= 0) {
        playback_stream_begin(context, request, route, &camera, settings);
        return;
    }
    struct topic *topic = picture_topic_open_or_refuse(context, request, route, camera);
    if (topic == NULL) {
        stream_admission_leave(&context->streams, request->client);
        return;
    }
    settings.topics = &topic;
    live_stream_begin(context, request, route, settings, NULL);
    topic_unref(&topic);
}

const struct route_row camera_video_feed_route = {
    .pattern = "/camera/{camera}/video_feed",
    .methods = METHODS_READ,
    .need = NEED_PICTURE,
    .parameters = PARAMETER_FPS | PARAMETERS_PICTURE | PARAMETERS_PLAYBACK,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_video_feed,
};

/* Aliases that other software expects: the first camera. */
const struct route_row video_feed_route = {
    .pattern = "/video_feed",
    .methods = METHODS_READ,
    .need = NEED_PICTURE,
    .parameters = PARAMETER_FPS | PARAMETERS_PICTURE,
    .listener = LISTENER_MAIN,
    .action = "stream",
    .handle_camera = handle_video_feed,
};

const struct route_row stream_route = {
    .pattern = "/stream",
    .methods = METHODS_READ,
    .need = NEED_PICTURE,
    .parameters = PARAMETER_FPS | PARAMETERS_PICTURE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_video_feed,
};
