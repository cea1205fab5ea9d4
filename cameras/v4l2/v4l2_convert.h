/* Formats that the encoder does not know, converted to FRAME_I420 by libv4lconvert, in some milliseconds per frame.
 *
 * Threads: one at a time. */
#ifndef CAMERAS_V4L2_V4L2_CONVERT_H
#define CAMERAS_V4L2_V4L2_CONVERT_H

#include "broker/frame/frame.h"

struct v4l2_converter;

/* How a device lays out its pictures; as VIDIOC_S_FMT returned it. */
struct v4l2_layout {
    uint32_t fourcc;
    uint32_t width_px, height_px;
    uint32_t stride_bytes;
    uint32_t picture_bytes; /* the most that there may be */
};

/* fd is borrowed. ERR_UNSUPPORTED, ERR_MEMORY. */
CHECKED enum err v4l2_converter_create(int fd, const struct v4l2_layout *layout, struct v4l2_converter **converter);
void v4l2_converter_destroy(struct v4l2_converter **converter);

/* A new, unsealed frame with payload, format and size. ERR_INVALID: picture is broken; ERR_MEMORY. */
CHECKED enum err v4l2_converter_convert(struct v4l2_converter *converter, struct frame_pool *pool, struct span picture,
                                        struct frame **frame, struct reason *reason);

#endif
