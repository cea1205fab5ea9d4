#define _DEFAULT_SOURCE /* getpriority */
#include "broker/recording/playback/export_output.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>

/* A client that takes nothing for so long has left. */
#define STALLED_AFTER_S 10
/* Behind a gap of the recording a film goes on after so long. */
#define FILM_GAP_NS (1 * NS_PER_S)
/* Parts that stand together in a file are sent together, up to so many bytes. */
#define RUN_MAX_BYTES ((uint64_t)1 << 20)
/* Making films gives way to all else. */
#define FILM_NICENESS 10

/* ---- The socket ---- */

/* The thread waits within the calls: the kernel wakes it less often than poll() would. */
static enum err prepare_socket(int fd) {
    const struct timeval patience = {.tv_sec = STALLED_AFTER_S};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
        return err_from_errno(errno);
    }
    return ERR_OK;
}

/* ERR_CLOSED: the client has left or takes nothing, or it is time to stop. */
static enum err send_bytes(const struct export_output *output, const void *bytes, size_t count, int flags) {
    for (size_t sent = 0; sent < count;) {
        ssize_t now = send(output->fd, (const char *)bytes + sent, count - sent, MSG_NOSIGNAL | flags);
        if (now > 0) {
            sent += (size_t)now;
        } else if (now == 0 || errno != EINTR) {
            return ERR_CLOSED;
        }
    }
    return ERR_OK;
}

/* ERR_IO: the file has become shorter. */
static enum err send_file(const struct export_output *output, int fd, uint64_t offset, uint64_t count) {
    off_t at = (off_t)offset;
    const off_t end = at + (off_t)count;
    while (at < end) {
        ssize_t now = sendfile(output->fd, fd, &at, (size_t)(end - at));
        if (now == 0 || (now < 0 && errno != EINTR)) {
            return now == 0 ? ERR_IO : ERR_CLOSED;
        }
    }
    return ERR_OK;
}

void export_output_break(struct export_output *output) {
    const struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(output->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); /* a reset instead of an end */
}

/* ---- Frames ---- */

/* A frame that is to be sent. */
struct picture {
    const struct recorded_frame *frame;
    struct frame *jpeg; /* NULL: it is in the frame's file */
};

static enum err send_payload(const struct export_output *output, const struct picture *picture, uint64_t skip,
                             uint64_t count) {
    const struct segment_part *part = &picture->frame->part;
    if (picture->jpeg != NULL) {
        const struct span jpeg = frame_payload(picture->jpeg);
        return send_bytes(output, jpeg.bytes + skip, (size_t)count, 0); /* no more than the JPEG has */
    }
    return send_file(output, picture->frame->fd, part->offset + part->head_bytes + skip, count);
}

/* A part can be sent as it stands in its file. */
static bool is_ready(const struct export_output *output, const struct recorded_frame *frame) {
    return output->format == EXPORT_PARTS && frame->fd >= 0 && frame->part.is_ready &&
           strcmp(frame->delimiter, output->delimiter) == 0;
}

static enum err flush(struct export_output *output) {
    if (output->run.bytes == 0) {
        return ERR_OK;
    }
    enum err error = send_bytes(output, output->pending, output->pending_bytes, MSG_MORE);
    if (error == ERR_OK) {
        error = send_file(output, output->run.fd, output->run.offset, output->run.bytes);
    }
    output->pending_bytes = 0; /* what ends a part is in the file, too */
    output->run.bytes = 0;
    return error;
}

enum err export_output_prepare(struct export_output *output, const struct recorded_frame *frame) {
    const bool goes_on = frame != NULL && is_ready(output, frame) && output->run.fd == frame->fd &&
                         output->run.offset + output->run.bytes == frame->part.offset &&
                         output->run.bytes + frame->part.bytes <= RUN_MAX_BYTES;
    return goes_on ? ERR_OK : flush(output);
}

static void keep_part(struct export_output *output, const struct recorded_frame *frame) {
    if (output->run.bytes == 0) {
        output->run.fd = frame->fd;
        output->run.offset = frame->part.offset;
    }
    output->run.bytes += frame->part.bytes;
}

static enum err send_part(struct export_output *output, const char *camera, const struct picture *picture) {
    const struct segment_part *part = &picture->frame->part;
    if (is_ready(output, picture->frame)) {
        keep_part(output, picture->frame);
        return ERR_OK;
    }
    const struct frame_info info = {.sequence = part->sequence,
                                    .captured_realtime_ns = part->captured_realtime_ns,
                                    .state = STATE_LIVE,
                                    .is_recorded = true};
    output->pending_bytes +=
        multipart_envelope()->write_head(output->pending + output->pending_bytes, camera, &info, part->payload_bytes);
    enum err error = send_bytes(output, output->pending, output->pending_bytes, MSG_MORE);
    if (error == ERR_OK) {
        error = send_payload(output, picture, 0, part->payload_bytes);
    }
    output->pending_bytes = (size_t)snprintf(output->pending, sizeof output->pending, "\r\n%s\r\n", output->delimiter);
    return error;
}

static enum err send_jpeg(struct export_output *output, const struct picture *picture) {
    const uint64_t bytes = picture->frame->part.payload_bytes;
    const uint64_t left = output->skip_bytes - output->left_out_bytes;
    const uint64_t skipped = bytes < left ? bytes : left;
    output->left_out_bytes += skipped;
    uint64_t wanted = output->max_bytes - output->sent_bytes;
    wanted = bytes - skipped < wanted ? bytes - skipped : wanted;
    output->sent_bytes += wanted;
    enum err error = send_payload(output, picture, skipped, wanted);
    return error == ERR_OK && output->sent_bytes == output->max_bytes ? ERR_CLOSED : error;
}

static bool write_film(void *user, const uint8_t *bytes, size_t count) {
    return send_bytes(user, bytes, count, 0) == ERR_OK;
}

/* When the film shows it. */
static int64_t film_time(struct export_output *output, const struct recorded_frame *frame) {
    const int64_t captured_ns = frame->part.captured_realtime_ns;
    int64_t step_ns = 0;
    if (output->last_captured_ns != 0) {
        step_ns = max_i64(subtract_i64(captured_ns, output->last_captured_ns), 0);
        step_ns = frame->is_after_gap ? min_i64(step_ns, FILM_GAP_NS) : step_ns;
    }
    output->last_captured_ns = captured_ns;
    return add_i64(output->shown_ns, (int64_t)((double)step_ns / output->speed));
}

static enum err add_to_film(struct export_output *output, const char *camera, const struct picture *picture) {
    struct reason reason = {""};
    output->shown_ns = film_time(output, picture->frame);
    enum err error = output->muxer_ops->add(output->muxer, frame_payload(picture->jpeg), output->shown_ns, &reason);
    if (error == ERR_INVALID) {
        log_rate_limited(LOG_LEVEL_WARNING, camera, "clip", "a picture is left out of a clip: %s", reason.text);
        return ERR_OK;
    }
    return error;
}

enum err export_output_add(struct export_output *output, const char *camera, const struct export_source *source,
                           const struct recorded_frame *frame, struct frame_pool *pool) {
    struct picture picture = {.frame = frame};
    enum err error = ERR_OK;
    if (export_is_film(output->format) || frame->fd < 0) {
        error = source->ops->read(source->user, pool, &picture.jpeg);
    }
    if (error != ERR_OK) {
        return ERR_OK; /* a picture that cannot be read is left out */
    }
    switch (output->format) {
    case EXPORT_PARTS: error = send_part(output, camera, &picture); break;
    case EXPORT_MJPEG: error = send_jpeg(output, &picture); break;
    case EXPORT_MKV:
    case EXPORT_MP4: error = add_to_film(output, camera, &picture); break;
    }
    frame_unref(&picture.jpeg);
    return error;
}

/* ---- All ---- */

enum err export_output_open(struct export_output *output, const struct export_settings *settings,
                            struct reason *reason) {
    output->format = settings->format;
    output->fd = settings->fd;
    output->speed = settings->speed;
    output->skip_bytes = settings->skip_bytes;
    output->max_bytes = settings->max_bytes;
    snprintf(output->delimiter, sizeof output->delimiter, "--%s", settings->boundary);
    enum err error = prepare_socket(settings->fd);
    if (error != ERR_OK || !export_is_film(settings->format)) {
        return error;
    }
    const struct clip_muxer_settings film = {
        .is_mp4 = settings->format == EXPORT_MP4, .write = write_film, .user = output};
    error = clip_muxer_find(&output->muxer_ops, reason);
    if (error == ERR_OK) {
        error = output->muxer_ops->open(&film, &output->muxer, reason);
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + FILM_NICENESS); /* on Linux, of this thread alone */
    }
    return error;
}

enum err export_output_finish(struct export_output *output) {
    struct reason reason = {""};
    if (output->muxer != NULL) {
        return output->muxer_ops->finish(output->muxer, &reason);
    }
    enum err error = flush(output);
    return error == ERR_OK ? send_bytes(output, output->pending, output->pending_bytes, 0) : error;
}

void export_output_close(struct export_output *output) {
    if (output->muxer != NULL) {
        output->muxer_ops->close(&output->muxer);
    }
}
