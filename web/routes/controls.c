/* /api/cameras/N/controls: brightness and the like, as the device has them. */
#include "broker/base/clock.h"
#include "broker/subscriber.h"
#include "web/access/slots.h"
#include "web/http/route.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/history_note.h"
#include "web/routes/support/reply.h"
#include "web/views/json/control_json.h"

#include <stdlib.h>

#define BODY_MAX_BYTES 4096
/* How long an idle camera may take to open. */
#define OPEN_WITHIN_NS (5 * NS_PER_S)

static void reply_not_open(const struct http_request *request, struct topic *topic, const struct reason *reason) {
    struct reason why;
    enum camera_state state = topic_state_detail(topic, NULL, &why);
    const char *text = reason->text[0] != '\0' ? reason->text : why.text;
    http_reply_error(request, 503, RETRY_SOON, "camera_not_open", "the camera is not open; it is %s%s%s",
                     state_name(state), text[0] != '\0' ? ": " : "", text);
}

static void reply_list(struct server_context *context, const struct http_request *request, struct topic *topic,
                       const struct control_refusal *refusals, size_t refusal_count) {
    struct control_list list = {0};
    struct reason reason = {""};
    enum err error = camera_list_controls(context, topic, &list, &reason);
    if (error != ERR_OK) {
        if (error == ERR_CLOSED || !camera_reply_unreachable(request, topic, error, &reason)) {
            reply_not_open(request, topic, &reason);
        }
        return;
    }
    for (size_t i = 0; i < list.count && principal_rights(request->principal) < RIGHTS_ADMIN; i++) {
        list.controls[i].writable = false;
    }
    char *text = control_json_render(&list, refusals, refusal_count);
    control_list_finish(&list);
    reply_text(request, refusal_count == 0 ? 200 : 400, CONTENT_JSON, NULL, text);
}

static bool is_unanswered(enum err error) { return error == ERR_GONE || error == ERR_TIMEOUT; }

/* Each control is set, whether or not those before it were refused, but for those of a node that does not answer. */
static void set_controls(struct server_context *context, const struct http_request *request, struct topic *topic,
                         const struct control_requests *requests) {
    struct control_refusal *refusals = calloc(requests->count + 1, sizeof *refusals);
    if (refusals == NULL) {
        reply_out_of_memory(request);
        return;
    }
    size_t refusal_count = 0;
    for (size_t i = 0; i < requests->count; i++) {
        struct control_refusal refusal = {.name = requests->requests[i].name};
        enum err error = camera_set_control(context, topic, &requests->requests[i], &refusal.reason);
        if (is_unanswered(error) && camera_reply_unreachable(request, topic, error, &refusal.reason)) {
            free(refusals);
            return;
        }
        if (error != ERR_OK) {
            if (refusal.reason.text[0] == '\0') {
                reason_set(&refusal.reason, "%s: %s", refusal.name, err_text(error));
            }
            refusals[refusal_count++] = refusal;
        } else {
            history_note_control(context, request, topic_id(topic), &requests->requests[i]);
        }
    }
    reply_list(context, request, topic, refusals, refusal_count);
    free(refusals);
}

/* A subscriber opens an idle camera. Waits for its first frame, or for its failure. */
static struct subscriber *wake_camera(const struct http_request *request, struct topic *topic) {
    struct subscriber_settings settings = {.remote = request->remote, .route = "controls"};
    struct subscriber *subscriber;
    if (subscriber_create(topic, NULL, &settings, &subscriber) != ERR_OK) {
        return NULL;
    }
    struct frame *frame = NULL;
    int64_t deadline_ns = clock_monotonic_ns() + OPEN_WITHIN_NS;
    if (subscriber_wait(subscriber, INT64_MIN, true, deadline_ns, &frame) == ERR_OK) {
        frame_unref(&frame);
    }
    return subscriber;
}

static void reply_controls(struct server_context *context, const struct http_request *request, struct topic *camera) {
    struct subscriber *subscriber = wake_camera(request, camera);
    reply_list(context, request, camera, NULL, 0);
    subscriber_destroy(&subscriber);
}

static void change_controls(struct server_context *context, const struct http_request *request, struct topic *camera) {
    char body[BODY_MAX_BYTES];
    size_t count;
    struct control_requests requests = {0};
    struct reason reason = {""};
    if (!http_read_body(request, body, sizeof body, &count)) {
        return;
    }
    enum err error = control_json_parse(body, count, &requests, &reason);
    if (error == ERR_MEMORY) {
        reply_out_of_memory(request);
        return;
    }
    if (error != ERR_OK) {
        http_reply_error(request, 400, NULL, "bad_body", "%s", reason.text);
        return;
    }
    struct subscriber *subscriber = wake_camera(request, camera);
    set_controls(context, request, camera, &requests);
    subscriber_destroy(&subscriber);
    control_requests_finish(&requests);
}

static void handle_controls(struct server_context *context, const struct http_request *request,
                            const struct route *route, struct topic *camera) {
    if (!topic_has_controls(camera)) {
        http_reply_error(request, 404, NULL, "no_controls", "this kind of camera has no controls");
        return;
    }
    if (slot_take(&context->slots.controls, request->client, request->principal) != SLOT_TAKEN) {
        http_reply_error(request, 503, RETRY_SOON, "too_many_requests",
                         "%u requests for controls are already being answered", context->slots.controls.max);
        return;
    }
    if (route->method == METHOD_PUT) {
        change_controls(context, request, camera);
    } else {
        reply_controls(context, request, camera);
    }
    slot_release(&context->slots.controls, request->client, request->principal);
}

const struct route_row controls_route = {
    .pattern = "/api/cameras/{camera}/controls",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_controls,
};

const struct route_row controls_change_route = {
    .pattern = "/api/cameras/{camera}/controls",
    .methods = METHOD_PUT,
    .need = NEED_ADMIN,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_controls,
};
