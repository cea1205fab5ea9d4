/* The formats that V4L2 devices deliver, and the choice among them.
 *
 * Threads: any. */
#ifndef CAMERAS_V4L2_V4L2_FORMATS_H
#define CAMERAS_V4L2_V4L2_FORMATS_H

#include "broker/frame/frame.h"
#include "cameras/settings.h"

struct v4l2_pixel_format {
    const char *name; /* as V4L2 writes it: "YUYV" */
    uint32_t fourcc;
    enum frame_format frame; /* what a frame of it is */
    bool converted;          /* to that, by libv4lconvert */
    bool limited_range;      /* the conversion gives this range, whatever came in */
};

/* Those that can be used: the best first. */
#define V4L2_PIXEL_FORMATS 33
extern const struct v4l2_pixel_format v4l2_pixel_formats[V4L2_PIXEL_FORMATS];

/* NULL: there is none. */
const struct v4l2_pixel_format *v4l2_pixel_format_by_name(const char *name);
const struct v4l2_pixel_format *v4l2_pixel_format_by_fourcc(uint32_t fourcc);

/* The format to request of an open device: the wanted one, or (NULL) the best of those that it has at the size and rate
 * of the settings. ERR_UNSUPPORTED with a reason: there is none. */
CHECKED enum err v4l2_choose_format(int fd, const struct source_settings *settings, const char *wanted,
                                    const struct v4l2_pixel_format **format, struct reason *reason);

#endif
