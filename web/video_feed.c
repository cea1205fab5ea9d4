#include "web/handlers.h"

#include <string.h>

/* Chromium, and all that is built on it, names itself so. */
static bool needs_repetition(const struct http_request *request) {
    const char *browser = http_header(request, "User-Agent");
    return browser != NULL && strstr(browser, "Chrome/") != NULL;
}

void handle_video_feed(struct site *site, const struct http_request *request, const struct route *route,
                       struct topic *camera) {
    if (!stream_admit(site, request)) {
        return;
    }
    struct topic *topic = open_pictures(site, request, route, camera);
    if (topic != NULL) {
        stream_serve(site, request, route,
                     (struct stream_settings){.topics = &topic,
                                              .topic_count = 1,
                                              .route = "video_feed",
                                              .repeat_for_display = needs_repetition(request)});
        topic_unref(&topic);
    }
    stream_release(site, request);
}
