/* POST and PUT /camera/N/frame, POST /camera/N/ingest: frames that cameras send themselves, with the camera's own key.
 * The request's worker admits the sender; the receivers' thread reads the body. */
#include "broker/base/clock.h"
#include "broker/frame/frame_body.h"
#include "broker/frame/mailbox.h"
#include "broker/multipart/jpeg_walk.h"
#include "broker/multipart/multipart_reader.h"
#include "web/access/slots.h"
#include "web/http/http_body.h"
#include "web/http/route.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/server_context.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* For each frame, from its first byte's wait to its last byte. */
#define FRAME_WITHIN_NS (10 * NS_PER_S)
#define PICTURE_FIRST_BYTES ((size_t)64 << 10)

/* A sender of frames, from its admission to the reply. */
struct push {
    struct server_context *context;
    struct topic *topic; /* a reference */
    uint64_t ticket;     /* of its mailbox; 0: not entered */
    struct http_late_reply late;
    int64_t deadline_ns;
    struct reason reason;
    /* The body is one picture: */
    struct frame *picture;
    size_t picture_bytes;
    /* The body is multipart: */
    struct multipart_reader *parts; /* NULL: it is one picture */
    bool has_part;
};

/* ---- Reading ---- */

static enum err take_picture_bytes(void *user, const uint8_t *bytes, size_t count) {
    struct push *push = user;
    return frame_body_append(&push->picture, MULTIPART_PART_MAX_BYTES, bytes, count);
}

/* The whole body is there. */
static enum err put_picture(struct push *push) {
    struct span received = frame_payload(push->picture);
    struct jpeg_walk walk = {.state = JPEG_WALK_MORE};
    (void)jpeg_walk_feed(&walk, received.bytes, received.count);
    if (!jpeg_walk_trim(&walk, push->picture)) {
        reason_set(&push->reason, "the body is not a JPEG");
        return ERR_INVALID;
    }
    frame_edit_info(push->picture)->state = STATE_LIVE;
    return mailbox_put(topic_mailbox(push->topic), push->ticket, &push->picture);
}

/* Puts the parts that are complete. ERR_BUSY: the next one is not. */
static enum err put_parts(struct push *push) {
    enum err error = ERR_OK;
    while (error == ERR_OK) {
        struct frame *frame = NULL;
        error = multipart_reader_next(push->parts, &frame, &push->reason);
        if (error == ERR_OK) {
            push->has_part = true;
            push->deadline_ns = clock_monotonic_ns() + FRAME_WITHIN_NS;
            error = mailbox_put(topic_mailbox(push->topic), push->ticket, &frame);
        }
    }
    return error;
}

static enum err take_multipart_bytes(void *user, const uint8_t *bytes, size_t count) {
    struct push *push = user;
    enum err error;
    while ((error = put_parts(push)) == ERR_BUSY && count > 0) {
        struct multipart_buffer buffer = multipart_reader_buffer(push->parts);
        size_t here = count < buffer.count ? count : buffer.count;
        memcpy(buffer.bytes, bytes, here);
        multipart_reader_fill(push->parts, here);
        bytes += here;
        count -= here;
    }
    return error == ERR_BUSY ? ERR_OK : error;
}

static enum err check_has_part(struct push *push) {
    if (push->has_part) {
        return ERR_OK;
    }
    reason_set(&push->reason,
               "no picture was found in the body: each part begins with a line of \"--\" and the boundary");
    return ERR_INVALID;
}

static int64_t push_deadline_ns(void *user) {
    const struct push *push = user;
    return push->deadline_ns;
}

/* ---- Replying ---- */

static void reply_push_result(const struct http_late_reply *late, enum err error, const struct reason *reason) {
    switch (error) {
    case ERR_OK: http_reply_late(late, &(struct http_reply){.status = 204}); break;
    case ERR_TIMEOUT:
        http_reply_error_late(late, 408, NULL, "too_slow", "a frame must arrive whole within %d s",
                              (int)(FRAME_WITHIN_NS / NS_PER_S));
        break;
    case ERR_GONE:
    case ERR_BUSY:
        http_reply_error_late(late, 409, NULL, "another_pusher",
                              "another client sends frames for this camera, or the camera has been changed or removed");
        break;
    case ERR_UNSUPPORTED:
        http_reply_error_late(late, 413, NULL, "too_large", "a frame must have at most %zu MB",
                              MULTIPART_PART_MAX_BYTES >> 20);
        break;
    case ERR_INVALID: http_reply_error_late(late, 400, NULL, "bad_body", "%s", reason->text); break;
    default: http_reply_error_late(late, 503, RETRY_SOON, "unavailable", "%s", err_text(error));
    }
}

static void push_destroy(struct push *push) {
    if (push->ticket != 0) {
        mailbox_leave(topic_mailbox(push->topic), push->ticket);
    }
    slot_release_for_camera(&push->context->slots.pushers, topic_id(push->topic));
    multipart_reader_destroy(&push->parts);
    frame_unref(&push->picture);
    topic_unref(&push->topic);
    free(push);
}

static void on_body_ended(void *user, enum err result) {
    struct push *push = user;
    if (result == ERR_OK) {
        result = push->parts != NULL ? check_has_part(push) : put_picture(push);
    }
    if (push->ticket != 0) { /* before the client learns of it, and sends again */
        mailbox_leave(topic_mailbox(push->topic), push->ticket);
        push->ticket = 0;
    }
    reply_push_result(&push->late, result, &push->reason);
    push_destroy(push);
}

/* ---- Admitting ---- */

static void refuse_key(const struct http_request *request, const struct authentication *found) {
    if (found->result == AUTHENTICATION_THROTTLED) {
        authorization_refuse(request, found);
    } else {
        http_reply_error(request, 401, "WWW-Authenticate: Bearer\r\n", "unauthorized",
                         "this needs the camera's key: Authorization: Bearer KEY");
    }
}

/* On a server with accounts, requests without the key do not learn which cameras exist. False after refusing. */
static bool admit_push(struct server_context *context, const struct http_request *request, const struct route *route,
                       struct topic *topic, const char *key) {
    bool is_open = access_is_open(request->principal->access);
    if (is_open && topic == NULL) {
        reply_no_such_camera(request, route);
        return false;
    }
    if (is_open && key[0] == '\0') {
        http_reply_error(request, 404, NULL, "not_a_push_camera",
                         "this camera accepts no frames: its source is not of type \"push\"");
        return false;
    }
    struct authentication found =
        authenticate_push(authorization_authenticator(context->authorization), request, route->name, key);
    if (found.result != AUTHENTICATION_OK) {
        refuse_key(request, &found);
    }
    return found.result == AUTHENTICATION_OK;
}

/* NULL: no memory is left; the slot is still the caller's. */
static struct push *push_create(struct server_context *context, const struct http_request *request, struct topic *topic,
                                bool is_multipart) {
    struct push *push = calloc(1, sizeof *push);
    if (push == NULL) {
        return NULL;
    }
    struct frame_pool *pool = broker_frame_pool(context->broker);
    enum err error = is_multipart ? multipart_reader_create(pool, http_header(request, "Content-Type"), &push->parts)
                                  : frame_create(pool, PICTURE_FIRST_BYTES, &push->picture);
    if (error != ERR_OK) {
        free(push);
        return NULL;
    }
    push->context = context;
    push->topic = topic_ref(topic);
    push->deadline_ns = clock_monotonic_ns() + FRAME_WITHIN_NS;
    reason_set(&push->reason, "the body is malformed");
    return push;
}

/* Leaves the rest to the receivers. The slot is taken. */
static void begin_push(struct push *push, const struct http_request *request) {
    struct http_body body;
    if (mailbox_enter(topic_mailbox(push->topic), &push->ticket) == ERR_OK) {
        http_invite_body(request);
    }
    enum err error = http_detach_body(request, &body);
    if (error != ERR_OK) { /* civetweb keeps the connection */
        http_reply_error(request, 503, RETRY_SOON, "unavailable",
                         "this connection cannot be distinguished from another one");
        push_destroy(push);
        return;
    }
    http_prepare_late_reply(request, body.fd, &push->late);
    const struct receiver_settings settings = {
        .body = &body,
        .take = push->parts != NULL ? take_multipart_bytes : take_picture_bytes,
        .deadline_ns = push_deadline_ns,
        .ended = on_body_ended,
        .user = push,
    };
    if (push->ticket == 0) {
        on_body_ended(push, ERR_BUSY);
    } else if (push->parts == NULL && body.kind == HTTP_BODY_SIZED && body.length > MULTIPART_PART_MAX_BYTES) {
        on_body_ended(push, ERR_UNSUPPORTED); /* before its client has sent it all */
    } else if (receivers_begin(push->context->receivers, &settings) != ERR_OK) {
        on_body_ended(push, ERR_INTERRUPTED);
    }
}

static void accept_push(struct server_context *context, const struct http_request *request, const struct route *route,
                        bool is_multipart) {
    struct topic *topic = broker_find_topic(context->broker, route->name);
    char key[PUSH_KEY_MAX_BYTES + 1] = "";
    if (topic != NULL) {
        mailbox_copy_key(topic_mailbox(topic), key);
    }
    if (!admit_push(context, request, route, topic, key)) {
        topic_unref(&topic);
        return;
    }
    struct push *push;
    if (slot_take_for_camera(&context->slots.pushers, topic_id(topic)) != SLOT_TAKEN) {
        http_reply_error(request, 503, RETRY_SOON, "too_many_requests", "too many requests are already sending frames");
    } else if ((push = push_create(context, request, topic, is_multipart)) == NULL) {
        slot_release_for_camera(&context->slots.pushers, topic_id(topic));
        reply_out_of_memory(request);
    } else {
        begin_push(push, request);
    }
    topic_unref(&topic);
}

/* One picture is the body, or a file in a form. */
static void handle_push_frame(struct server_context *context, const struct http_request *request,
                              const struct route *route) {
    const char *type = http_header(request, "Content-Type");
    accept_push(context, request, route, type != NULL && strncasecmp(type, "multipart/", 10) == 0);
}

static void handle_push_stream(struct server_context *context, const struct http_request *request,
                               const struct route *route) {
    accept_push(context, request, route, true);
}

const struct route_row push_frame_route = {
    .pattern = "/camera/{camera}/frame",
    .methods = METHOD_POST | METHOD_PUT,
    .need = NEED_NOTHING,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_push_frame,
};

const struct route_row push_stream_route = {
    .pattern = "/camera/{camera}/ingest",
    .methods = METHOD_POST,
    .need = NEED_NOTHING,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_push_stream,
};
