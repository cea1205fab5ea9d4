#include "web/push.h"

#include "broker/clock.h"
#include "broker/mailbox.h"
#include "broker/multipart_reader.h"

#include <string.h>

/* For each frame, from its first byte's wait to its last byte. */
#define FRAME_WITHIN_NS (10 * NS_PER_S)
#define PICTURE_FIRST_BYTES ((size_t)64 << 10)

/* The body of a request that is being read. */
struct body {
    const struct http_request *request;
    int fd;
    int64_t deadline_ns;
};

/* ---- Who may ---- */

/* Takes the same time whatever the guess. */
static bool is_same(const char *secret, const char *guess) {
    size_t length = strlen(secret), guessed = strlen(guess);
    unsigned difference = length != guessed;
    for (size_t i = 0; i < guessed; i++) {
        difference |= (unsigned)(secret[length > 0 ? i % length : 0] ^ guess[i]);
    }
    return difference == 0;
}

static bool is_authorized(const struct http_request *request, const char *key) {
    static const char scheme[] = "Bearer ";
    const char *given = http_header(request, "Authorization");
    return given != NULL && strncmp(given, scheme, sizeof scheme - 1) == 0 && is_same(key, given + sizeof scheme - 1);
}

/* ---- Reading ---- */

/* ERR_OK: *got is above 0. ERR_CLOSED: the body has ended. */
static enum err read_some(const struct body *body, void *bytes, size_t room, size_t *got) {
    if (clock_monotonic_ns() >= body->deadline_ns) {
        return ERR_TIMEOUT;
    }
    int count = http_read(body->request, body->fd, bytes, room);
    if (count <= 0) {
        return count == 0 ? ERR_CLOSED : ERR_TIMEOUT;
    }
    *got = (size_t)count;
    return ERR_OK;
}

/* The whole body as one picture. */
static enum err read_picture(const struct body *body, struct frame_pool *pool, struct frame **frame) {
    enum err error = frame_create(pool, PICTURE_FIRST_BYTES, frame);
    size_t size = 0, got = 0;
    while (error == ERR_OK) {
        error = read_some(body, frame_data(*frame) + size, frame_capacity(*frame) - size, &got);
        size += error == ERR_OK ? got : 0;
        if (size > MULTIPART_PART_MAX_BYTES) {
            error = ERR_UNSUPPORTED;
        } else if (size == frame_capacity(*frame)) {
            frame_set_size(*frame, size);
            error = frame_grow(frame, 2 * size);
        }
    }
    if (error == ERR_CLOSED) {
        static const uint8_t start_of_image[] = {0xff, 0xd8};
        frame_set_size(*frame, size);
        frame_edit_info(*frame)->state = STATE_LIVE;
        bool jpeg = size > 4 && memcmp(frame_data(*frame), start_of_image, sizeof start_of_image) == 0;
        error = jpeg ? ERR_OK : ERR_INVALID;
    }
    if (error != ERR_OK) {
        frame_unref(frame);
    }
    return error;
}

static enum err push_picture(const struct body *body, struct frame_pool *pool, struct mailbox *mailbox, uint64_t ticket,
                             struct reason *reason) {
    struct frame *frame = NULL;
    enum err error = read_picture(body, pool, &frame);
    if (error == ERR_INVALID) {
        reason_set(reason, "the body is not a JPEG");
    }
    return error == ERR_OK ? mailbox_put(mailbox, ticket, &frame) : error;
}

static enum err push_parts(struct body *body, struct multipart_reader *parts, struct mailbox *mailbox, uint64_t ticket,
                           struct reason *reason) {
    enum err error = ERR_OK;
    while (error == ERR_OK) {
        struct frame *frame = NULL;
        error = multipart_reader_next(parts, &frame, reason);
        if (error == ERR_OK) {
            body->deadline_ns = clock_monotonic_ns() + FRAME_WITHIN_NS;
            error = mailbox_put(mailbox, ticket, &frame);
        } else if (error == ERR_BUSY) {
            struct multipart_room room = multipart_reader_room(parts);
            size_t got = 0;
            error = read_some(body, room.bytes, room.count, &got);
            multipart_reader_fill(parts, got);
        }
    }
    return error == ERR_CLOSED ? ERR_OK : error;
}

static enum err push_stream(struct body *body, struct frame_pool *pool, struct mailbox *mailbox, uint64_t ticket,
                            struct reason *reason) {
    struct multipart_reader *parts = NULL;
    enum err error = multipart_reader_create(pool, http_header(body->request, "Content-Type"), &parts);
    if (error == ERR_OK) {
        error = push_parts(body, parts, mailbox, ticket, reason);
    }
    multipart_reader_destroy(&parts);
    return error;
}

/* ---- Answering ---- */

static void answer(const struct http_request *request, enum err error, const struct reason *reason) {
    switch (error) {
    case ERR_OK: http_reply(request, &(struct http_reply){.status = 204}); break;
    case ERR_TIMEOUT:
        http_reply_error(request, 408, NULL, "too_slow", "a frame must arrive whole within %d s",
                         (int)(FRAME_WITHIN_NS / NS_PER_S));
        break;
    case ERR_GONE:
    case ERR_BUSY:
        http_reply_error(request, 409, NULL, "another_pusher",
                         "another sender pushes frames for this camera, or it has changed or is gone");
        break;
    case ERR_UNSUPPORTED:
        http_reply_error(request, 413, NULL, "too_large", "a frame has %zu MB at most", MULTIPART_PART_MAX_BYTES >> 20);
        break;
    case ERR_INVALID: http_reply_error(request, 400, NULL, "bad_body", "%s", reason->text); break;
    default: http_reply_error(request, 503, "Retry-After: 1\r\n", "unavailable", "%s", err_text(error));
    }
}

static void receive(struct site *site, const struct http_request *request, const struct route *route,
                    struct mailbox *mailbox, bool replaces) {
    struct body body = {.request = request, .deadline_ns = clock_monotonic_ns() + FRAME_WITHIN_NS};
    struct reason reason = {"the body is broken"};
    uint64_t ticket = 0;
    enum err error = http_socket(request, &body.fd);
    if (error != ERR_OK) {
        return; /* the client has gone */
    }
    error = mailbox_enter(mailbox, replaces, &ticket);
    if (error == ERR_OK) {
        http_invite_body(request);
        struct frame_pool *pool = broker_frame_pool(site->broker);
        error = route->target == ROUTE_PUSH_FRAME ? push_picture(&body, pool, mailbox, ticket, &reason)
                                                  : push_stream(&body, pool, mailbox, ticket, &reason);
        mailbox_leave(mailbox, ticket);
    }
    answer(request, error, &reason);
}

static void refuse_key(struct site *site, const struct http_request *request) {
    bool is_guess = http_header(request, "Authorization") != NULL;
    struct identification found = {.verdict = VERDICT_WRONG};
    if (is_guess) {
        found = identify_wrong_key(gate_identifier(site->gate), request->client);
    }
    if (found.verdict == VERDICT_TOO_SOON) {
        gate_refuse(request, &found);
    } else {
        http_reply_error(request, 401, "WWW-Authenticate: Bearer\r\n", "unauthorized",
                         "the camera's key is needed: Authorization: Bearer KEY");
    }
}

/* Where not everybody may see everything, nobody learns without a key which cameras there are. */
static void refuse(struct site *site, const struct http_request *request, const struct route *route,
                   struct topic *topic) {
    bool is_open = access_is_open(request->visitor->access);
    if (is_open && topic == NULL) {
        reply_no_such_camera(request, route);
    } else if (is_open && topic_settings(topic).push_key[0] == '\0') {
        http_reply_error(request, 404, NULL, "not_a_push_camera",
                         "this camera takes no frames: its source has another type than \"push\"");
    } else {
        refuse_key(site, request);
    }
}

void handle_push(struct site *site, const struct http_request *request, const struct route *route) {
    struct topic *topic = broker_find_topic(site->broker, route->name);
    const struct topic_settings settings = topic != NULL ? topic_settings(topic) : (struct topic_settings){.id = ""};
    if (settings.push_key[0] == '\0' || !is_authorized(request, settings.push_key)) {
        refuse(site, request, route, topic);
    } else if (!place_take(&site->pushers, site->pushers_max)) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "too_many_requests", "%u requests bring frames already",
                         site->pushers_max);
    } else {
        receive(site, request, route, topic_mailbox(topic), settings.push_replaces);
        place_leave(&site->pushers);
    }
    topic_unref(&topic);
}
