#define _DEFAULT_SOURCE /* strncasecmp */
#include "cameras/url/url_http.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/frame/frame_body.h"
#include "broker/multipart/jpeg_walk.h"
#include "broker/multipart/multipart_reader.h"
#include "cameras/ticker.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PICTURE_FIRST_BYTES ((size_t)128 << 10)
/* Enough to recognize a picture behind line ends, or a delimiter and the header below it. */
#define PEEK_BYTES ((size_t)256)
/* How long a picture that seems cut is waited for, once. */
#define LENGTH_TRIAL_NS NS_PER_S

struct url_http {
    struct url_link *link;
    struct url_client *client;
    struct multipart_reader *parts; /* NULL: one picture a request */
    bool has_answer;                /* to the request for the next picture */
    bool has_tried_length;
    struct ticker ticker;
};

/* ---- What the answer is ---- */

enum kind { KIND_PARTS, KIND_PICTURE, KIND_OTHER };

/* FF D8 FF is a picture, whatever its type. */
static bool is_picture(const uint8_t *bytes, size_t count) {
    struct jpeg_walk walk = {.walked_bytes = 0};
    return jpeg_walk_feed(&walk, bytes, count) != JPEG_WALK_ALIEN && walk.walked_bytes >= walk.leading_bytes + 3;
}

/* A delimiter with a header below it, in an answer whose type says nothing of it. */
static bool is_part(const uint8_t *bytes, size_t count) {
    static const char header[] = "Content-";
    size_t at = 0;
    while (at < count && (bytes[at] == '\r' || bytes[at] == '\n')) {
        at++;
    }
    if (count - at < 2 || bytes[at] != '-' || bytes[at + 1] != '-') {
        return false;
    }
    const uint8_t *line_end = memchr(bytes + at, '\n', count - at);
    return line_end != NULL && bytes + count - line_end >= (ptrdiff_t)sizeof header &&
           strncasecmp((const char *)line_end + 1, header, sizeof header - 1) == 0;
}

static enum err find_kind(struct url_http *http, enum kind *kind, struct reason *reason) {
    const char *type = url_client_content_type(http->client);
    source_facts_set_answer(http->link->facts, type[0] != '\0' ? type : "no content type");
    *kind = KIND_PARTS;
    if (strncasecmp(type, "multipart/", 10) == 0) {
        return ERR_OK;
    }
    uint8_t bytes[PEEK_BYTES];
    size_t count = 0;
    enum err error = url_client_peek(http->client, bytes, sizeof bytes, &count, reason);
    const bool is_declared = strncasecmp(type, "image/jpeg", 10) == 0 || strncasecmp(type, "image/jpg", 9) == 0;
    if (!is_part(bytes, count)) {
        *kind = is_declared || is_picture(bytes, count) ? KIND_PICTURE : KIND_OTHER;
        if (*kind == KIND_PICTURE && !is_declared) {
            source_facts_note(http->link->facts, "it sends a JPEG with another content type");
        }
    }
    /* A live stream may begin with less than that. */
    return error == ERR_TIMEOUT && count > 0 ? ERR_OK : error;
}

/* ---- Opening ---- */

static enum err start_reading(struct url_http *http, enum kind kind) {
    const double fps = http->link->context->settings->fps;
    switch (kind) {
    case KIND_PARTS:
        return multipart_reader_create(http->link->context->pool, url_client_content_type(http->client), &http->parts);
    case KIND_PICTURE:
        http->link->facts->single_pictures = true;
        ticker_init(&http->ticker, fps > 0 ? fps : 1);
        http->has_answer = true;
        break;
    case KIND_OTHER: break;
    }
    return ERR_OK;
}

enum err url_http_open(struct url_link *link, struct url_http **out, struct url_client **other, struct reason *reason) {
    enum kind kind = KIND_OTHER;
    struct url_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return ERR_MEMORY;
    }
    http->link = link;
    enum err error = url_client_create(link, &http->client, reason);
    if (error == ERR_OK) {
        error = url_client_request(http->client, 0, reason);
    }
    if (error == ERR_OK) {
        error = find_kind(http, &kind, reason);
    }
    if (error == ERR_OK) {
        error = start_reading(http, kind);
    }
    if (error == ERR_OK && kind != KIND_OTHER) {
        *out = http;
        return ERR_OK;
    }
    if (error == ERR_OK) {
        *other = http->client;
        http->client = NULL;
    }
    url_http_close(&http);
    return error;
}

void url_http_close(struct url_http **http_pointer) {
    struct url_http *http = *http_pointer;
    *http_pointer = NULL;
    if (http == NULL) {
        return;
    }
    url_client_destroy(&http->client);
    multipart_reader_destroy(&http->parts);
    free(http);
}

/* ---- Multipart ---- */

static enum err read_more(struct url_http *http, struct reason *reason) {
    struct multipart_buffer buffer = multipart_reader_buffer(http->parts);
    size_t got;
    enum err error = url_client_read(http->client, buffer.bytes, buffer.count, &got, reason);
    if (error == ERR_OK) {
        multipart_reader_fill(http->parts, got);
    }
    return error;
}

/* Another broker sends placeholders while its camera is not live; they are not relayed as pictures. */
static enum err judge_state(const struct frame *frame, struct reason *reason) {
    switch (frame_info(frame)->state) {
    case STATE_LIVE: return ERR_OK;
    case STATE_OFFLINE: reason_set(reason, "the other broker's camera is offline"); return ERR_GONE;
    case STATE_IDLE:
    case STATE_STARTING:
    case STATE_STALE: break;
    }
    return ERR_BUSY;
}

static void note_oddities(const struct url_http *http) {
    static const struct {
        enum multipart_oddity oddity;
        const char *sentence;
    } known[] = {
        {MULTIPART_UNDECLARED, "its content type declares no boundary"},
        {MULTIPART_MISDECLARED, "the delimiter between its pictures is not the declared boundary"},
        {MULTIPART_UNBEGUN, "its first picture comes without a delimiter"},
        {MULTIPART_UNSIZED, "its pictures come without Content-Length"},
        {MULTIPART_WRONG_LENGTH, "the Content-Length of its pictures is wrong"},
        {MULTIPART_WRONG_TYPE, "the content type of its pictures is not image/jpeg"},
        {MULTIPART_LINE_FEEDS, "its header lines end in LF instead of CR LF"},
        {MULTIPART_STRAY_BYTES, "there are stray bytes between its pictures"},
    };
    const unsigned oddities = multipart_reader_oddities(http->parts);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if ((oddities & known[i].oddity) != 0) {
            source_facts_note(http->link->facts, known[i].sentence);
        }
    }
}

static enum err read_part(struct url_http *http, struct frame **frame, struct reason *reason) {
    enum err error = ERR_BUSY;
    while (error == ERR_BUSY) {
        error = multipart_reader_next(http->parts, frame, reason);
        if (error == ERR_BUSY) {
            error = read_more(http, reason);
            error = error == ERR_OK ? ERR_BUSY : error;
        } else if (error == ERR_OK) {
            note_oddities(http);
            error = judge_state(*frame, reason);
            if (error != ERR_OK) {
                frame_unref(frame);
            }
        } else if (error == ERR_CLOSED) {
            reason_set(reason, "the camera ended the stream");
        } else if (error == ERR_INVALID) {
            error = ERR_IO; /* the stream is lost, not this picture alone */
        }
    }
    return error;
}

/* ---- One picture a request ---- */

struct picture_body {
    struct url_http *http;
    struct jpeg_walk walk;
    struct reason *reason;
};

static enum err read_picture_bytes(void *user, uint8_t *bytes, size_t capacity, size_t *got) {
    struct picture_body *body = user;
    if (body->walk.state == JPEG_WALK_ENDED) {
        return ERR_CLOSED; /* whatever length the camera declares, and however long it keeps the connection */
    }
    enum err error = url_client_read(body->http->client, bytes, capacity, got, body->reason);
    if (error == ERR_OK) {
        (void)jpeg_walk_feed(&body->walk, bytes, *got);
    }
    return error;
}

static enum err read_to_end(struct url_http *http, struct frame **frame, bool *is_whole, struct reason *reason) {
    struct picture_body body = {.http = http, .reason = reason};
    enum err error = frame_body_read(frame, MULTIPART_PART_MAX_BYTES, read_picture_bytes, &body);
    if (error == ERR_UNSUPPORTED) {
        reason_set(reason, "the picture is larger than %zu MB", MULTIPART_PART_MAX_BYTES >> 20);
        error = ERR_IO;
    }
    if (error == ERR_OK && frame_payload(*frame).count == 0) {
        error = ERR_CLOSED;
    }
    if (error == ERR_OK) {
        (void)jpeg_walk_trim(&body.walk, *frame); /* anything but a JPEG is refused like any broken frame */
    }
    *is_whole = body.walk.state == JPEG_WALK_ENDED;
    return error;
}

/* is_whole: it has its end. */
static enum err fetch_picture(struct url_http *http, struct frame **frame, bool *is_whole, struct reason *reason) {
    enum err error = http->has_answer ? ERR_OK : url_client_request(http->client, 0, reason);
    struct frame *picture = NULL;
    http->has_answer = *is_whole = false;
    if (error == ERR_OK) {
        error = frame_create(http->link->context->pool, PICTURE_FIRST_BYTES, &picture);
    }
    if (error != ERR_OK) {
        return error;
    }
    error = read_to_end(http, &picture, is_whole, reason);
    url_client_stop_reading(http->client);
    if (error != ERR_OK) {
        frame_unref(&picture);
        return error;
    }
    frame_edit_info(picture)->state = STATE_LIVE;
    *frame = picture;
    return ERR_OK;
}

/* The declared length may be too short. If the picture is whole without it, it stays ignored, which costs a connection
 * for each picture; a camera that leaves out the end of a picture keeps the connection open, and its length. */
static bool fetch_without_length(struct url_http *http, struct frame **frame) {
    const int64_t deadline_ns = http->link->deadline_ns;
    struct frame *picture = NULL;
    struct reason reason;
    bool is_whole = false;
    url_client_ignore_length(http->client, true);
    http->link->deadline_ns = min_i64(deadline_ns, clock_monotonic_ns() + LENGTH_TRIAL_NS);
    is_whole = fetch_picture(http, &picture, &is_whole, &reason) == ERR_OK && is_whole;
    http->link->deadline_ns = deadline_ns;
    url_client_ignore_length(http->client, is_whole);
    if (is_whole) {
        source_facts_note(http->link->facts, "the Content-Length of its pictures is wrong");
        frame_unref(frame);
        *frame = picture;
    } else {
        frame_unref(&picture);
    }
    return is_whole;
}

static enum err read_picture(struct url_http *http, struct frame **frame, struct reason *reason) {
    uint64_t missed = 0;
    bool is_whole = false;
    enum err error = ticker_wait(&http->ticker, http->link->context, http->link->deadline_ns, &missed);
    if (error == ERR_OK) {
        error = fetch_picture(http, frame, &is_whole, reason);
        const bool is_short = error == ERR_OK ? !is_whole && url_client_length_bytes(http->client) > 0
                                              : error == ERR_CLOSED && url_client_length_bytes(http->client) == 0;
        if (is_short && !http->has_tried_length) {
            http->has_tried_length = true;
            error = fetch_without_length(http, frame) ? ERR_OK : error;
        }
    }
    return error;
}

enum err url_http_read(struct url_http *http, struct frame **frame, struct reason *reason) {
    return http->parts != NULL ? read_part(http, frame, reason) : read_picture(http, frame, reason);
}
