#include "cameras/v4l2/v4l2_stream.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "cameras/v4l2/v4l2_node.h"
#include "cameras/v4l2/v4l2_settings.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <math.h>
#include <stdio.h>

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE

static enum err explain_stream_failure(const char *what, int number, struct reason *reason) {
    enum err error = err_from_errno(number);
    switch (number) {
    case ENODEV: reason_set(reason, "the camera has been unplugged: plug it in again"); break;
    case EBUSY:
        reason_set(reason, "the camera is in use: by another program, or as another camera of the configuration");
        break;
    default: reason_set(reason, "the camera refuses to %s: %s; opening it again", what, err_text(error));
    }
    return error;
}

/* ---- Negotiation ---- */

/* V4L2 documentation, "Colorspaces": unless the driver says otherwise, YCbCr is of limited range but for JPEG's. Grey
 * comes from sensors that use all of it. */
static bool is_limited(const struct v4l2_pixel_format *format, const struct v4l2_pix_format *pix,
                       enum sample_range wanted) {
    if (format->limited_range) {
        return true;
    }
    if (wanted != RANGE_AUTO) {
        return wanted == RANGE_LIMITED;
    }
    if (pix->quantization != V4L2_QUANTIZATION_DEFAULT) {
        return pix->quantization == V4L2_QUANTIZATION_LIM_RANGE;
    }
    return format->frame != FRAME_GREY && pix->colorspace != V4L2_COLORSPACE_JPEG;
}

/* The minimum size of a picture; 0 for JPEG. Not for converted formats. */
static uint32_t least_bytes(const struct v4l2_stream *stream) {
    const uint32_t luma = stream->stride_bytes * stream->height_px;
    const uint32_t chroma = (stream->stride_bytes + 1) / 2 * ((stream->height_px + 1) / 2);
    switch (stream->format->frame) {
    case FRAME_JPEG: return 0;
    case FRAME_I420:
    case FRAME_NV12: return luma + 2 * chroma;
    default: return luma;
    }
}

static enum err agree_on_format(struct v4l2_stream *stream, const struct source_settings *settings, uint32_t width_px,
                                uint32_t height_px, struct reason *reason) {
    const struct v4l2_settings *own = settings->own;
    struct v4l2_format format = {.type = CAPTURE};
    format.fmt.pix = (struct v4l2_pix_format){
        .width = width_px, .height = height_px, .pixelformat = stream->format->fourcc, .field = V4L2_FIELD_ANY};
    int number = v4l2_node_call(stream->fd, VIDIOC_S_FMT, &format);
    if (number != 0) {
        return explain_stream_failure("be set up", number, reason);
    }
    const struct v4l2_pix_format *pix = &format.fmt.pix;
    const struct v4l2_pixel_format *given = v4l2_pixel_format_by_fourcc(pix->pixelformat);
    if (given == NULL || pix->width == 0 || pix->height == 0) {
        reason_set(reason, "the camera insists on an unsupported format");
        return ERR_UNSUPPORTED;
    }
    stream->format = given;
    stream->width_px = pix->width;
    stream->height_px = pix->height;
    const bool packed = given->frame == FRAME_YUYV || given->frame == FRAME_YVYU || given->frame == FRAME_UYVY;
    const uint32_t least_stride = packed ? (pix->width + 1) / 2 * 4 : pix->width;
    stream->stride_bytes = pix->bytesperline > least_stride || given->converted ? pix->bytesperline : least_stride;
    stream->limited_range = is_limited(given, pix, own->range);
    stream->picture_bytes = given->converted ? pix->sizeimage : least_bytes(stream);
    return ERR_OK;
}

/* 29.97 is 30000/1001, as cameras list it; anything else is a fraction of thousandths. */
static struct v4l2_fract period_of(double fps) {
    double ntsc = round(fps * 1.001);
    if (fabs(ntsc / 1.001 - fps) < 0.005 && fabs(round(fps) - fps) > 1e-9) {
        return (struct v4l2_fract){.numerator = 1001, .denominator = (uint32_t)lround(ntsc * 1000)};
    }
    bool whole = fabs(round(fps) - fps) < 1e-9;
    return whole ? (struct v4l2_fract){.numerator = 1, .denominator = (uint32_t)lround(fps)}
                 : (struct v4l2_fract){.numerator = 1000, .denominator = (uint32_t)lround(fps * 1000)};
}

/* A device without this call has a rate of its own. */
static void agree_on_rate(struct v4l2_stream *stream, double fps) {
    struct v4l2_streamparm parameters = {.type = CAPTURE};
    parameters.parm.capture.timeperframe = period_of(fps);
    stream->fps = 0;
    if (v4l2_node_call(stream->fd, VIDIOC_S_PARM, &parameters) != 0) {
        parameters = (struct v4l2_streamparm){.type = CAPTURE};
        if (v4l2_node_call(stream->fd, VIDIOC_G_PARM, &parameters) != 0) {
            return;
        }
    }
    const struct v4l2_fract *period = &parameters.parm.capture.timeperframe;
    if (period->numerator != 0) {
        stream->fps = (double)period->denominator / period->numerator;
    }
}

/* ---- Buffers ---- */

static struct v4l2_buffer buffer_at(uint32_t index) {
    return (struct v4l2_buffer){.type = CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = index};
}

static enum err map_buffers(struct v4l2_stream *stream, struct reason *reason) {
    struct v4l2_requestbuffers request = {.count = V4L2_STREAM_BUFFERS, .type = CAPTURE, .memory = V4L2_MEMORY_MMAP};
    int number = v4l2_node_call(stream->fd, VIDIOC_REQBUFS, &request);
    if (number != 0) {
        return explain_stream_failure("allocate buffers", number, reason);
    }
    for (uint32_t i = 0; i < request.count && i < V4L2_STREAM_BUFFERS; i++) {
        struct v4l2_buffer buffer = buffer_at(i);
        number = v4l2_node_call(stream->fd, VIDIOC_QUERYBUF, &buffer);
        if (number != 0) {
            return explain_stream_failure("describe its buffers", number, reason);
        }
        void *bytes = v4l2_node_map(stream->fd, buffer.length, buffer.m.offset);
        if (bytes == NULL) {
            return explain_stream_failure("share its buffers", errno, reason);
        }
        stream->buffers[i].bytes = bytes;
        stream->buffers[i].count = buffer.length;
        stream->buffer_count++;
        number = v4l2_node_call(stream->fd, VIDIOC_QBUF, &buffer);
        if (number != 0) {
            return explain_stream_failure("take a buffer", number, reason);
        }
    }
    return ERR_OK;
}

void v4l2_stream_stop(struct v4l2_stream *stream) {
    enum v4l2_buf_type type = CAPTURE;
    (void)v4l2_node_call(stream->fd, VIDIOC_STREAMOFF, &type);
    for (unsigned i = 0; i < stream->buffer_count; i++) {
        v4l2_node_unmap(stream->buffers[i].bytes, stream->buffers[i].count);
    }
    stream->buffer_count = 0;
    struct v4l2_requestbuffers none = {.type = CAPTURE, .memory = V4L2_MEMORY_MMAP};
    (void)v4l2_node_call(stream->fd, VIDIOC_REQBUFS, &none);
}

/* ---- Starting ---- */

/* *too_much: it exceeds the bandwidth. */
static enum err try_start(struct v4l2_stream *stream, const struct source_settings *settings, unsigned size_divisor,
                          unsigned rate_divisor, bool *too_much, struct reason *reason) {
    *too_much = false;
    enum err error = agree_on_format(stream, settings, settings->width_px / size_divisor,
                                     settings->height_px / size_divisor, reason);
    if (error != ERR_OK) {
        return error;
    }
    agree_on_rate(stream, settings->fps / rate_divisor);
    error = map_buffers(stream, reason);
    if (error != ERR_OK) {
        v4l2_stream_stop(stream);
        return error;
    }
    enum v4l2_buf_type type = CAPTURE;
    int number = v4l2_node_call(stream->fd, VIDIOC_STREAMON, &type);
    if (number == 0) {
        return ERR_OK;
    }
    *too_much = number == ENOSPC;
    error = explain_stream_failure("start", number, reason);
    v4l2_stream_stop(stream);
    return error;
}

enum err v4l2_stream_start(struct v4l2_stream *stream, const struct source_settings *settings, struct reason *reason) {
    /* Slower first: a smaller picture shows less. */
    static const struct { unsigned size, rate; } divisors[] = {{1, 1}, {1, 2}, {1, 4}, {2, 1}, {2, 2}, {4, 1}};
    const size_t tries = sizeof divisors / sizeof divisors[0];
    const struct v4l2_settings *own = settings->own;
    enum err error = v4l2_choose_format(stream->fd, settings, own->format, &stream->format, reason);
    bool too_much = error == ERR_OK;
    for (size_t i = 0; i < tries && too_much; i++) {
        stream->halved = i > 0;
        error = try_start(stream, settings, divisors[i].size, divisors[i].rate, &too_much, reason);
    }
    if (too_much) {
        reason_set(reason,
                   "not enough USB bandwidth for %ux%u at any rate: plug the camera into another USB controller, "
                   "or use MJPEG",
                   settings->width_px, settings->height_px);
        return ERR_BUSY;
    }
    return error;
}

/* ---- Running ---- */

static int64_t time_of(const struct timeval *time) {
    return add_i64(clock_scale_ns(time->tv_sec, 1, 1), clock_scale_ns(time->tv_usec, 1, 1000000));
}

enum err v4l2_stream_take(struct v4l2_stream *stream, struct v4l2_taken *taken, struct reason *reason) {
    struct v4l2_buffer buffer = buffer_at(0);
    int number = v4l2_node_call(stream->fd, VIDIOC_DQBUF, &buffer);
    if (number == EAGAIN) {
        return ERR_BUSY;
    }
    if (number != 0 || buffer.index >= stream->buffer_count) {
        return explain_stream_failure("continue", number != 0 ? number : EIO, reason);
    }
    const size_t room = stream->buffers[buffer.index].count;
    const bool monotonic = (buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    *taken = (struct v4l2_taken){
        .picture = {.bytes = stream->buffers[buffer.index].bytes, .count = min_size(buffer.bytesused, room)},
        .index = buffer.index,
        .sequence = buffer.sequence,
        .timestamp_ns = monotonic ? time_of(&buffer.timestamp) : 0,
        .flagged = (buffer.flags & V4L2_BUF_FLAG_ERROR) != 0,
        .oversize = buffer.bytesused > room,
    };
    return ERR_OK;
}

enum err v4l2_stream_give_back(struct v4l2_stream *stream, const struct v4l2_taken *taken, struct reason *reason) {
    struct v4l2_buffer buffer = buffer_at(taken->index);
    int number = v4l2_node_call(stream->fd, VIDIOC_QBUF, &buffer);
    return number == 0 ? ERR_OK : explain_stream_failure("take a buffer", number, reason);
}
