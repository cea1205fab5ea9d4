/* The newest JPEG of a camera. */
#include "broker/base/clock.h"
#include "broker/multipart/multipart_writer.h"
#include "broker/subscriber.h"
#include "broker/topic.h"
#include "web/access/slots.h"
#include "web/http/route.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/frame_reply.h"
#include "web/routes/support/picture_topic.h"
#include "web/routes/support/playback_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long a snapshot waits for a fresh frame. */
#define WAIT_MAX_NS (5 * NS_PER_S)

/* A frame no older than the client asked for. By default: the newest frame of a camera that is live or can
 * become so, or the placeholder of one that has failed. ERR_BUSY: too many snapshots wait already. */
static enum err get_frame(struct server_context *context, const struct http_request *request,
                          struct subscriber *subscriber, int64_t max_age_ms, struct frame **frame) {
    int64_t now_ns = clock_monotonic_ns();
    bool any_age = max_age_ms < 0;
    int64_t captured_from_ns = any_age ? INT64_MIN : now_ns - max_age_ms * NS_PER_MS;
    enum err error = subscriber_wait(subscriber, captured_from_ns, any_age, now_ns, frame);
    if (error != ERR_TIMEOUT) {
        return error;
    }
    if (slot_take(&context->slots.snapshots, request->client, request->principal) != SLOT_TAKEN) {
        return ERR_BUSY;
    }
    error = subscriber_wait(subscriber, captured_from_ns, any_age, now_ns + WAIT_MAX_NS, frame);
    slot_release(&context->slots.snapshots, request->client, request->principal);
    if (error == ERR_TIMEOUT && any_age) {
        *frame = topic_newest(subscriber_topic(subscriber)); /* still starting: its placeholder says so */
        error = *frame != NULL ? ERR_OK : ERR_TIMEOUT;
    }
    return error;
}

static void reply_no_frame(const struct http_request *request, struct topic *camera, enum err error) {
    if (error == ERR_BUSY) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "too_many_snapshots",
                         "too many snapshots are already waiting for a fresh frame");
        return;
    }
    struct reason why;
    enum camera_state state = topic_state_detail(camera, NULL, &why);
    http_reply_error(request, 503, "Retry-After: 1\r\n", "no_fresh_frame",
                     "no frame was fresh enough within %d s; the camera is %s%s%s", (int)(WAIT_MAX_NS / NS_PER_S),
                     state_name(state), why.text[0] != '\0' ? ": " : "", why.text);
}

static void reply_snapshot(struct server_context *context, const struct http_request *request,
                           const struct route *route, struct topic *camera, struct topic *topic) {
    struct subscriber_settings settings = {.remote = request->remote, .route = "snapshot"};
    struct subscriber *subscriber = NULL;
    struct frame *frame = NULL;
    enum err error = subscriber_create(topic, NULL, &settings, &subscriber);
    if (error == ERR_OK) {
        error = get_frame(context, request, subscriber, route->max_age_ms, &frame);
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

static void reply_not_recorded(const struct http_request *request, struct topic *camera, enum err error,
                               const struct reason *reason) {
    if (camera_reply_unreachable(request, camera, error, reason)) {
        return;
    }
    if (error == ERR_NOT_FOUND || error == ERR_UNSUPPORTED) {
        http_reply_error(request, 404, NULL, "no_recording", "the camera \"%s\" has no recorded frame from that time",
                         topic_id(camera));
    } else {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "unavailable", "the recordings cannot be read: %s",
                         err_text(error));
    }
}

/* Answers as of a camera that had taken the picture just now. */
static void handle_recorded(struct server_context *context, const struct http_request *request,
                            const struct route *route, struct topic *camera) {
    struct frame *frame = NULL;
    struct topic *recorded = NULL, *topic = NULL;
    struct reason reason = {""};
    if (!playback_admit(context, request, camera)) {
        return;
    }
    enum err error = camera_read_recorded_picture(context, camera, route->period.at_ns, &frame, &reason);
    if (error == ERR_OK) {
        error = playback_topic_create(context, camera, &recorded);
    }
    if (error != ERR_OK) {
        reply_not_recorded(request, camera, error, &reason);
    } else {
        frame_edit_info(frame)->captured_monotonic_ns = clock_monotonic_ns();
        frame_edit_info(frame)->state = STATE_LIVE;
        topic_relay(recorded, &frame);
        topic = picture_topic_open_or_refuse(context, request, route, recorded);
    }
    if (topic != NULL) {
        reply_snapshot(context, request, route, camera, topic);
        topic_close(recorded);
    }
    topic_unref(&topic);
    topic_unref(&recorded);
    frame_unref(&frame);
}

static void handle_snapshot(struct server_context *context, const struct http_request *request,
                            const struct route *route, struct topic *camera) {
    if (route->period.at_ns >= 0) {
        handle_recorded(context, request, route, camera);
        return;
    }
    struct topic *topic = picture_topic_open_or_refuse(context, request, route, camera);
    if (topic != NULL) {
        reply_snapshot(context, request, route, camera, topic);
        topic_unref(&topic);
    }
}

const struct route_row camera_snapshot_route = {
    .pattern = "/camera/{camera}/snapshot",
    .methods = METHODS_READ,
    .need = NEED_PICTURE,
    .parameters = PARAMETER_MAX_AGE | PARAMETER_AT | PARAMETERS_PICTURE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_snapshot,
};

/* The alias that other software expects: the first camera. */
const struct route_row snapshot_route = {
    .pattern = "/snapshot",
    .methods = METHODS_READ,
    .need = NEED_PICTURE,
    .parameters = PARAMETER_MAX_AGE | PARAMETERS_PICTURE,
    .listener = LISTENER_MAIN,
    .action = "snapshot",
    .handle_camera = handle_snapshot,
};
