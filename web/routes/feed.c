/* /feed: several cameras in one response. */
#include "web/http/route.h"
#include "web/routes/support/camera_selection.h"
#include "web/routes/support/live_stream.h"
#include "web/routes/support/picture_topic.h"
#include "web/routes/support/playback_stream.h"

static void handle_feed(struct server_context *context, const struct http_request *request, const struct route *route) {
    if (!stream_admission_enter(&context->streams, request)) {
        return;
    }
    struct camera_selection selection = {.count = 0};
    struct stream_settings settings = {.route = "feed"};
    bool is_made = camera_selection_make(context, request, route, &selection);
    settings.topic_count = selection.count;
    if (is_made && route->period.at_ns >= 0) {
        playback_stream_begin(context, request, route, selection.topics, settings);
    } else if (is_made && picture_topics_open(context, request, route, selection.topics, selection.count)) {
        settings.topics = selection.topics;
        live_stream_begin(context, request, route, settings, NULL);
    } else {
        stream_admission_leave(&context->streams, request->client);
    }
    camera_selection_finish(&selection);
}

const struct route_row feed_route = {
    .pattern = "/feed",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_FPS | PARAMETERS_PICTURE | PARAMETER_CAMERAS | PARAMETERS_PLAYBACK,
    .listener = LISTENER_MAIN,
    .handle = handle_feed,
};
