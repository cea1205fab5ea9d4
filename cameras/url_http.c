#include "cameras/url_http.h"

#include "broker/clock.h"
#include "broker/multipart_reader.h"
#include "cameras/pacer.h"

#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PICTURE_FIRST_BYTES ((size_t)128 << 10)

struct url_http {
    struct url_link *link;
    AVIOContext *io;                /* NULL: between two pictures */
    struct multipart_reader *parts; /* NULL: one picture a request */
    struct pacer pacer;
};

static enum err request(struct url_link *link, AVIOContext **io, struct reason *reason) {
    AVDictionary *options = NULL;
    url_link_options(link, &options);
    const AVIOInterruptCB interrupt = {url_link_is_over, link};
    int result = avio_open2(io, link->location, AVIO_FLAG_READ, &interrupt, &options);
    av_dict_free(&options);
    return result < 0 ? url_link_explain(link, result, reason) : ERR_OK;
}

static enum url_http_kind find_kind(const char *content_type) {
    if (strncasecmp(content_type, "multipart/", 10) == 0) {
        return URL_HTTP_PARTS;
    }
    bool picture = strncasecmp(content_type, "image/jpeg", 10) == 0 || strncasecmp(content_type, "image/jpg", 9) == 0;
    return picture ? URL_HTTP_PICTURE : URL_HTTP_OTHER;
}

enum err url_http_open(struct url_link *link, enum url_http_kind *kind, struct url_http **out, AVIOContext **io,
                       struct reason *reason) {
    uint8_t *content_type = NULL;
    enum err error = ERR_MEMORY;
    struct url_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        goto out;
    }
    http->link = link;
    error = request(link, &http->io, reason);
    if (error != ERR_OK) {
        goto out;
    }
    (void)av_opt_get(http->io, "mime_type", AV_OPT_SEARCH_CHILDREN, &content_type);
    *kind = find_kind(content_type != NULL ? (const char *)content_type : "");
    if (*kind == URL_HTTP_OTHER) {
        *io = http->io;
        http->io = NULL;
        goto out;
    }
    if (*kind == URL_HTTP_PARTS) {
        error = multipart_reader_create(link->context->pool, (const char *)content_type, &http->parts);
    } else {
        double fps = link->context->settings->fps;
        pacer_init(&http->pacer, fps > 0 ? fps : 1);
    }
    if (error == ERR_OK) {
        *out = http;
        http = NULL;
    }
out:
    av_freep(&content_type);
    url_http_close(&http);
    return error;
}

void url_http_close(struct url_http **http_pointer) {
    struct url_http *http = *http_pointer;
    *http_pointer = NULL;
    if (http == NULL) {
        return;
    }
    avio_closep(&http->io);
    multipart_reader_destroy(&http->parts);
    free(http);
}

/* ---- Multipart ---- */

/* What there is. FFmpeg copies all that it reads through a buffer of its own, but for what it is asked for here. */
static int read_some(AVIOContext *io, uint8_t *bytes, int most) {
    bool has_read_ahead = io->buf_ptr < io->buf_end;
    return has_read_ahead ? avio_read_partial(io, bytes, most) : io->read_packet(io->opaque, bytes, most);
}

static enum err read_more(struct url_http *http, struct reason *reason) {
    struct multipart_room room = multipart_reader_room(http->parts);
    int most = room.count > INT_MAX ? INT_MAX : (int)room.count;
    int got = read_some(http->io, room.bytes, most);
    if (got <= 0) {
        return url_link_explain(http->link, got == 0 ? AVERROR_EOF : got, reason);
    }
    multipart_reader_fill(http->parts, (size_t)got);
    return ERR_OK;
}

/* Another broker sends placeholders where its camera is not live: they are not passed on as pictures. */
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

static enum err read_part(struct url_http *http, struct frame **frame, struct reason *reason) {
    enum err error = ERR_BUSY;
    while (error == ERR_BUSY) {
        error = multipart_reader_next(http->parts, frame, reason);
        if (error == ERR_BUSY) {
            error = read_more(http, reason);
            error = error == ERR_OK ? ERR_BUSY : error;
        } else if (error == ERR_OK) {
            error = judge_state(*frame, reason);
            if (error != ERR_OK) {
                frame_unref(frame);
            }
        } else if (error == ERR_CLOSED) {
            error = url_link_explain(http->link, AVERROR_EOF, reason);
        } else if (error == ERR_INVALID) {
            error = ERR_IO; /* the stream is lost, not this picture alone */
        }
    }
    return error;
}

/* ---- One picture a request ---- */

static enum err read_to_end(struct url_http *http, struct frame **frame, struct reason *reason) {
    size_t size = 0;
    int got = 1;
    enum err error = ERR_OK;
    while (error == ERR_OK && got > 0) {
        got = avio_read(http->io, frame_data(*frame) + size, (int)(frame_capacity(*frame) - size));
        size += got > 0 ? (size_t)got : 0;
        if (size > MULTIPART_PART_MAX_BYTES) {
            reason_set(reason, "the picture is larger than %zu MB", MULTIPART_PART_MAX_BYTES >> 20);
            error = ERR_IO;
        } else if (size == frame_capacity(*frame)) {
            frame_set_size(*frame, size);
            error = frame_grow(frame, 2 * size);
        }
    }
    if (error == ERR_OK && got < 0 && got != AVERROR_EOF) {
        error = url_link_explain(http->link, got, reason);
    }
    frame_set_size(*frame, size);
    return error;
}

static enum err read_picture(struct url_http *http, struct frame **frame, struct reason *reason) {
    uint64_t missed = 0;
    enum err error = pacer_wait(&http->pacer, http->link->context, http->link->deadline_ns, &missed);
    if (error != ERR_OK) {
        return error;
    }
    if (http->io == NULL && (error = request(http->link, &http->io, reason)) != ERR_OK) {
        return error;
    }
    struct frame *picture;
    error = frame_create(http->link->context->pool, PICTURE_FIRST_BYTES, &picture);
    if (error == ERR_OK) {
        error = read_to_end(http, &picture, reason);
        frame_edit_info(picture)->state = STATE_LIVE;
        if (error == ERR_OK) {
            *frame = picture;
        } else {
            frame_unref(&picture);
        }
    }
    avio_closep(&http->io);
    return error;
}

enum err url_http_read(struct url_http *http, struct frame **frame, struct reason *reason) {
    return http->parts != NULL ? read_part(http, frame, reason) : read_picture(http, frame, reason);
}
