#include "web/handlers.h"
#include "web/multipart.h"

#include <string.h>

/* Takes one of the streams_max places. */
static bool admit(struct site *site) {
    unsigned before = atomic_fetch_add_explicit(&site->streams_active, 1, memory_order_relaxed);
    if (before < site->streams_max) {
        return true;
    }
    atomic_fetch_sub_explicit(&site->streams_active, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&site->streams_rejected, 1, memory_order_relaxed);
    return false;
}

/* Chromium, and all that is built on it, names itself so. */
static bool needs_repetition(const struct http_request *request) {
    const char *browser = http_header(request, "User-Agent");
    return browser != NULL && strstr(browser, "Chrome/") != NULL;
}

/* Sends the head, then leaves the socket to a sender until the client has gone. */
static void stream(struct site *site, const struct http_request *request, const struct route *route,
                   struct topic *topic) {
    struct stream_settings settings = {
        .topic = topic,
        .remote = request->remote,
        .route = "video_feed",
        .fps = route->fps,
        .repeat_for_display = needs_repetition(request),
    };
    if (http_socket(request, &settings.fd) != ERR_OK ||
        !http_begin_stream(request, multipart_content_type(), multipart_first_delimiter())) {
        return; /* the client has gone already */
    }
    enum err error = senders_serve(site->senders, &settings);
    (void)error; /* the head is sent: a stream that could not begin just ends */
}

void handle_video_feed(struct site *site, const struct http_request *request, const struct route *route,
                       struct topic *topic) {
    if (http_is_head(request)) {
        bool sent = http_begin_stream(request, multipart_content_type(), "");
        (void)sent;
        return;
    }
    if (!admit(site)) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_streams",
                         "all %u streams are in use; close one, or raise server.max_streams", site->streams_max);
        return;
    }
    stream(site, request, route, topic);
    atomic_fetch_sub_explicit(&site->streams_active, 1, memory_order_relaxed);
}
