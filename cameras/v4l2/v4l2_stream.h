/* The stream of an open device: size, format and rate as agreed with it, and the buffers that it fills.
 *
 * Lifecycle: start; take and give back, buffer by buffer; stop. It can be started again then.
 * Threads: one at a time. A stream that is zeroed but for fd is stopped. */
#ifndef CAMERAS_V4L2_V4L2_STREAM_H
#define CAMERAS_V4L2_V4L2_STREAM_H

#include "cameras/v4l2/v4l2_formats.h"

#define V4L2_STREAM_BUFFERS 4

struct v4l2_stream {
    int fd; /* borrowed */
    /* What the device agreed to, which may differ from the request: */
    const struct v4l2_pixel_format *format;
    uint32_t width_px, height_px, stride_bytes;
    uint32_t picture_bytes;
    double fps; /* 0: unknown */
    bool limited_range;
    bool halved; /* below the requested rate or size, to fit the USB bandwidth */
    struct {
        void *bytes;
        size_t count;
    } buffers[V4L2_STREAM_BUFFERS];
    unsigned buffer_count;
};

/* ERR_UNSUPPORTED, ERR_BUSY, ERR_GONE, ERR_IO, ERR_MEMORY, each with a reason; then it is stopped. */
CHECKED enum err v4l2_stream_start(struct v4l2_stream *stream, const struct source_settings *settings,
                                   struct reason *reason);
/* Unmaps everything. Also for a stream that is stopped, and for a device that has gone. */
void v4l2_stream_stop(struct v4l2_stream *stream);

/* A buffer that the device has filled; the bytes are the device's, until it is given back. */
struct v4l2_taken {
    struct span picture;
    uint32_t index;
    uint32_t sequence;      /* counts what the device captured; wraps */
    int64_t timestamp_ns;   /* monotonic; 0: unknown, or of another clock */
    bool flagged, oversize; /* broken: the device says so, or reports more bytes than fit */
};

/* Does not wait: ERR_BUSY when there is none. ERR_GONE: unplugged; ERR_IO; with a reason. */
CHECKED enum err v4l2_stream_take(struct v4l2_stream *stream, struct v4l2_taken *taken, struct reason *reason);
/* Queues it again. ERR_GONE, ERR_IO, with a reason. */
CHECKED enum err v4l2_stream_give_back(struct v4l2_stream *stream, const struct v4l2_taken *taken,
                                       struct reason *reason);

#endif
