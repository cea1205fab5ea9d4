#include "broker/clock.h"
#include "web/handlers.h"
#include "web/multipart.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long a snapshot waits for a frame that is fresh enough. */
#define WAIT_MAX_NS (5 * NS_PER_S)
/* How many may wait at once: half of the workers that are not for streams, so that the rest answers at once. */
#define WAITING_MAX (WORKERS_IN_RESERVE / 2)
#define ETAG_BYTES 64
#define HTTP_DATE_BYTES 32

/* A frame no older than the client asked for. Without such a wish: the newest frame of a camera that is live or can
 * become so, or the placeholder of one that has failed. ERR_BUSY: it would have to wait, and too many do. */
static enum err get_frame(struct site *site, struct subscriber *subscriber, int64_t max_age_ms, struct frame **frame) {
    int64_t now_ns = clock_monotonic_ns();
    bool any_age = max_age_ms < 0;
    int64_t captured_from_ns = any_age ? INT64_MIN : now_ns - max_age_ms * NS_PER_MS;
    enum err error = subscriber_wait(subscriber, captured_from_ns, any_age, now_ns, frame);
    if (error != ERR_TIMEOUT) {
        return error;
    }
    if (!place_take(&site->snapshots_waiting, WAITING_MAX)) {
        return ERR_BUSY;
    }
    error = subscriber_wait(subscriber, captured_from_ns, any_age, now_ns + WAIT_MAX_NS, frame);
    place_leave(&site->snapshots_waiting);
    if (error == ERR_TIMEOUT && any_age) {
        *frame = topic_newest(subscriber_topic(subscriber)); /* still starting: its placeholder says so */
        error = *frame != NULL ? ERR_OK : ERR_TIMEOUT;
    }
    return error;
}

/* RFC 9110, section 5.6.7. The program keeps the C locale, so the names are English. */
static void format_http_date(int64_t realtime_ns, char text[HTTP_DATE_BYTES]) {
    time_t seconds = realtime_ns / NS_PER_S;
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    strftime(text, HTTP_DATE_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

static void reply_frame(const struct http_request *request, const char *topic_id, const struct frame *frame) {
    const struct frame_info *info = frame_info(frame);
    char etag[ETAG_BYTES]; /* a position is used once a run, and a capture time hardly ever again */
    snprintf(etag, sizeof etag, "\"%" PRIx64 "-%" PRIx64 "\"", (uint64_t)info->captured_realtime_ns, info->position);
    const char *known = http_header(request, "If-None-Match");
    bool not_modified = known != NULL && (strstr(known, etag) != NULL || strcmp(known, "*") == 0);

    char date[HTTP_DATE_BYTES];
    format_http_date(info->captured_realtime_ns, date);
    char headers[512];
    size_t used = multipart_write_frame_headers(headers, sizeof headers, topic_id, info);
    snprintf(headers + used, sizeof headers - used, "ETag: %s\r\nLast-Modified: %s\r\n", etag, date);

    struct span jpeg = frame_payload(frame);
    http_reply(request, &(struct http_reply){.status = not_modified ? 304 : 200,
                                             .content_type = "image/jpeg",
                                             .headers = headers,
                                             .body = jpeg.bytes,
                                             .body_bytes = jpeg.count});
}

static void reply_no_frame(const struct http_request *request, struct topic *camera, enum err error) {
    if (error == ERR_BUSY) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "too_many_snapshots",
                         "%u snapshots wait for a fresh frame already", WAITING_MAX);
        return;
    }
    struct reason why;
    enum camera_state state = topic_state_detail(camera, NULL, &why);
    http_reply_error(request, 503, "Retry-After: 1\r\n", "no_fresh_frame",
                     "no frame that is fresh enough came within %d s; the camera is %s%s%s",
                     (int)(WAIT_MAX_NS / NS_PER_S), state_name(state), why.text[0] != '\0' ? ": " : "", why.text);
}

static void answer(struct site *site, const struct http_request *request, const struct route *route,
                   struct topic *camera, struct topic *topic) {
    struct subscriber_settings settings = {.remote = request->remote, .route = "snapshot"};
    struct subscriber *subscriber = NULL;
    struct frame *frame = NULL;
    enum err error = subscriber_create(topic, NULL, &settings, &subscriber);
    if (error == ERR_OK) {
        error = get_frame(site, subscriber, route->max_age_ms, &frame);
    }
    if (error == ERR_OK) {
        subscriber_count_sent(subscriber, 1, frame_payload(frame).count);
        reply_frame(request, topic_id(camera), frame);
    } else {
        reply_no_frame(request, camera, error);
    }
    frame_unref(&frame);
    subscriber_destroy(&subscriber);
}

void handle_snapshot(struct site *site, const struct http_request *request, const struct route *route,
                     struct topic *camera) {
    struct topic *topic = open_pictures(site, request, route, camera);
    if (topic != NULL) {
        answer(site, request, route, camera, topic);
        topic_unref(&topic);
    }
}
