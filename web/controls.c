#include "broker/clock.h"
#include "web/handlers.h"
#include "web/status.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX_BYTES 4096
/* How many may wait for a device, or for the rest of their body, at once: a fraction of the workers that are not for
 * streams. */
#define ASKED_MAX (WORKERS_IN_RESERVE / 4)
/* How long a camera that sleeps may take to open. */
#define OPEN_WITHIN_NS (5 * NS_PER_S)

static void reply_not_open(const struct http_request *request, struct topic *topic, const struct reason *reason) {
    struct reason why;
    enum camera_state state = topic_state_detail(topic, NULL, &why);
    const char *text = reason->text[0] != '\0' ? reason->text : why.text;
    http_reply_error(request, 503, "Retry-After: 1\r\n", "camera_not_open", "the camera cannot be asked; it is %s%s%s",
                     state_name(state), text[0] != '\0' ? ": " : "", text);
}

static void reply_list(const struct http_request *request, struct topic *topic, const struct control_refusal *refusals,
                       size_t refusal_count) {
    struct control_list list = {0};
    struct reason reason = {""};
    if (control_port_list(topic_controls(topic), &list, &reason) != ERR_OK) {
        reply_not_open(request, topic, &reason);
        return;
    }
    for (size_t i = 0; i < list.count && visitor_rights(request->visitor) < RIGHTS_ADMIN; i++) {
        list.controls[i].writable = false;
    }
    char *text = status_render_controls(&list, refusals, refusal_count);
    control_list_finish(&list);
    if (text == NULL) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "out_of_memory", "the server is out of memory");
        return;
    }
    http_reply(request, &(struct http_reply){.status = refusal_count == 0 ? 200 : 400,
                                             .content_type = "application/json",
                                             .body = text,
                                             .body_bytes = strlen(text)});
    free(text);
}

/* Each wish is tried, whatever became of those before it. */
static void set_all(const struct http_request *request, struct topic *topic, const struct control_wishes *wishes) {
    struct control_refusal *refusals = calloc(wishes->count + 1, sizeof *refusals);
    if (refusals == NULL) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "out_of_memory", "the server is out of memory");
        return;
    }
    size_t refusal_count = 0;
    for (size_t i = 0; i < wishes->count; i++) {
        struct control_refusal refusal = {.name = wishes->wishes[i].name};
        enum err error = control_port_set(topic_controls(topic), &wishes->wishes[i], &refusal.reason);
        if (error != ERR_OK) {
            if (refusal.reason.text[0] == '\0') {
                reason_set(&refusal.reason, "%s: %s", refusal.name, err_text(error));
            }
            refusals[refusal_count++] = refusal;
        }
    }
    reply_list(request, topic, refusals, refusal_count);
    free(refusals);
}

/* A subscriber opens a camera that sleeps. Waits for its first frame, or for its failure. */
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

static void ask_device(const struct http_request *request, const struct route *route, struct topic *topic) {
    struct control_wishes wishes = {0};
    if (route->method == METHOD_PUT) {
        char body[BODY_MAX_BYTES];
        size_t count;
        struct reason reason = {""};
        if (!http_read_body(request, body, sizeof body, &count)) {
            return;
        }
        if (status_parse_wishes(body, count, &wishes, &reason) != ERR_OK) {
            http_reply_error(request, 400, NULL, "bad_body", "%s", reason.text);
            return;
        }
    }
    struct subscriber *subscriber = wake_camera(request, topic);
    if (route->method == METHOD_PUT) {
        set_all(request, topic, &wishes);
    } else {
        reply_list(request, topic, NULL, 0);
    }
    subscriber_destroy(&subscriber);
    status_finish_wishes(&wishes);
}

void handle_controls(struct site *site, const struct http_request *request, const struct route *route,
                     struct topic *camera) {
    if (!topic_settings(camera).has_controls) {
        http_reply_error(request, 404, NULL, "no_controls", "this kind of camera has no controls");
    } else if (!place_take(&site->controls_asked, ASKED_MAX)) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "too_many_requests",
                         "%u requests for controls are being answered; ask again soon", ASKED_MAX);
    } else {
        ask_device(request, route, camera);
        place_leave(&site->controls_asked);
    }
}
