#include "cameras/v4l2/v4l2_formats.h"

#include "cameras/filter/picture_filter.h"
#include "cameras/v4l2/v4l2_node.h"

#include <linux/videodev2.h>
#include <string.h>

#define CONVERTED(name, fourcc)                                                                                        \
    { name, fourcc, FRAME_I420, .converted = true }
#define FROM_RGB(name, fourcc)                                                                                         \
    { name, fourcc, FRAME_I420, .converted = true, .limited_range = true }

/* MJPEG costs next to nothing; then by what encoding takes. Converted ones are slow, and grey lacks the colour. */
const struct v4l2_pixel_format v4l2_pixel_formats[V4L2_PIXEL_FORMATS] = {
    {"MJPEG", V4L2_PIX_FMT_MJPEG, FRAME_JPEG, false, false},
    {"JPEG", V4L2_PIX_FMT_JPEG, FRAME_JPEG, false, false},
    {"YU12", V4L2_PIX_FMT_YUV420, FRAME_I420, false, false},
    {"NV12", V4L2_PIX_FMT_NV12, FRAME_NV12, false, false},
    {"YUYV", V4L2_PIX_FMT_YUYV, FRAME_YUYV, false, false},
    {"UYVY", V4L2_PIX_FMT_UYVY, FRAME_UYVY, false, false},
    {"YVYU", V4L2_PIX_FMT_YVYU, FRAME_YVYU, false, false},
    CONVERTED("YV12", V4L2_PIX_FMT_YVU420),
    CONVERTED("NV16", V4L2_PIX_FMT_NV16),
    CONVERTED("NV61", V4L2_PIX_FMT_NV61),
    CONVERTED("M420", V4L2_PIX_FMT_M420),
    FROM_RGB("RGB3", V4L2_PIX_FMT_RGB24),
    FROM_RGB("BGR3", V4L2_PIX_FMT_BGR24),
    FROM_RGB("RGB4", V4L2_PIX_FMT_RGB32),
    FROM_RGB("BGR4", V4L2_PIX_FMT_BGR32),
    FROM_RGB("XR24", V4L2_PIX_FMT_XBGR32),
    FROM_RGB("BX24", V4L2_PIX_FMT_XRGB32),
    FROM_RGB("AR24", V4L2_PIX_FMT_ABGR32),
    FROM_RGB("BA24", V4L2_PIX_FMT_ARGB32),
    FROM_RGB("RGBP", V4L2_PIX_FMT_RGB565),
    FROM_RGB("BA81", V4L2_PIX_FMT_SBGGR8),
    FROM_RGB("GBRG", V4L2_PIX_FMT_SGBRG8),
    FROM_RGB("GRBG", V4L2_PIX_FMT_SGRBG8),
    FROM_RGB("RGGB", V4L2_PIX_FMT_SRGGB8),
    FROM_RGB("BG10", V4L2_PIX_FMT_SBGGR10),
    FROM_RGB("GB10", V4L2_PIX_FMT_SGBRG10),
    FROM_RGB("BA10", V4L2_PIX_FMT_SGRBG10),
    FROM_RGB("RG10", V4L2_PIX_FMT_SRGGB10),
    FROM_RGB("HSV3", V4L2_PIX_FMT_HSV24),
    FROM_RGB("HSV4", V4L2_PIX_FMT_HSV32),
    {"GREY", V4L2_PIX_FMT_GREY, FRAME_GREY, false, false},
    CONVERTED("Y16", V4L2_PIX_FMT_Y16),
    CONVERTED("Y10B", V4L2_PIX_FMT_Y10BPACK),
};

const struct v4l2_pixel_format *v4l2_pixel_format_by_name(const char *name) {
    for (size_t i = 0; i < V4L2_PIXEL_FORMATS; i++) {
        if (strcmp(v4l2_pixel_formats[i].name, name) == 0) {
            return &v4l2_pixel_formats[i];
        }
    }
    return NULL;
}

const struct v4l2_pixel_format *v4l2_pixel_format_by_fourcc(uint32_t fourcc) {
    for (size_t i = 0; i < V4L2_PIXEL_FORMATS; i++) {
        if (v4l2_pixel_formats[i].fourcc == fourcc) {
            return &v4l2_pixel_formats[i];
        }
    }
    return NULL;
}

static bool is_step(uint32_t value, uint32_t least, uint32_t most, uint32_t step) {
    return value >= least && value <= most && (step == 0 || (value - least) % step == 0);
}

/* A device that lists no sizes may have any. */
static bool offers_size(int fd, uint32_t fourcc, uint32_t width, uint32_t height) {
    struct v4l2_frmsizeenum size = {.pixel_format = fourcc};
    for (; v4l2_node_call(fd, VIDIOC_ENUM_FRAMESIZES, &size) == 0; size.index++) {
        if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
            if (size.discrete.width == width && size.discrete.height == height) {
                return true;
            }
            continue;
        }
        const struct v4l2_frmsize_stepwise *range = &size.stepwise;
        return is_step(width, range->min_width, range->max_width, range->step_width) &&
               is_step(height, range->min_height, range->max_height, range->step_height);
    }
    return size.index == 0;
}

/* Whether the device has the rate at that size; one that lists no rates may have it. */
static bool offers_rate(int fd, uint32_t fourcc, uint32_t width, uint32_t height, double fps) {
    struct v4l2_frmivalenum interval = {.pixel_format = fourcc, .width = width, .height = height};
    for (; v4l2_node_call(fd, VIDIOC_ENUM_FRAMEINTERVALS, &interval) == 0; interval.index++) {
        const struct v4l2_fract *shortest =
            interval.type == V4L2_FRMIVAL_TYPE_DISCRETE ? &interval.discrete : &interval.stepwise.min;
        if (fps * shortest->numerator <= 1.01 * shortest->denominator) {
            return true;
        }
    }
    return interval.index == 0;
}

/* The smaller the better: first the size, then the rate, then the order of the table. */
static size_t penalty(int fd, const struct v4l2_pixel_format *format, const struct source_settings *settings) {
    size_t table = V4L2_PIXEL_FORMATS;
    size_t place = (size_t)(format - v4l2_pixel_formats);
    if (!offers_size(fd, format->fourcc, settings->width_px, settings->height_px)) {
        return 2 * table + place;
    }
    bool fast = offers_rate(fd, format->fourcc, settings->width_px, settings->height_px, settings->fps);
    return (fast ? 0 : table) + place;
}

static enum err explain_none(bool any, bool raw_only, const char *wanted, struct reason *reason) {
    if (wanted != NULL) {
        reason_set(reason, "the camera does not offer %s; --list-devices shows its formats", wanted);
    } else if (any && raw_only) {
        reason_set(reason,
                   "the camera delivers only JPEG: move rotate, flip and timestamp from the source to the camera");
    } else {
        reason_set(reason, "the camera offers no supported format; --list-devices shows its formats");
    }
    return ERR_UNSUPPORTED;
}

enum err v4l2_choose_format(int fd, const struct source_settings *settings, const char *wanted,
                            const struct v4l2_pixel_format **format, struct reason *reason) {
    const bool raw_only = picture_filter_is_wanted(&settings->filter);
    const struct v4l2_pixel_format *best = NULL;
    size_t least = SIZE_MAX;
    bool any = false;
    struct v4l2_fmtdesc offered = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    for (; v4l2_node_call(fd, VIDIOC_ENUM_FMT, &offered) == 0; offered.index++) {
        const struct v4l2_pixel_format *known = v4l2_pixel_format_by_fourcc(offered.pixelformat);
        any |= known != NULL;
        if (known == NULL || (wanted != NULL && strcmp(wanted, known->name) != 0) ||
            (raw_only && known->frame == FRAME_JPEG)) {
            continue;
        }
        size_t now = penalty(fd, known, settings);
        if (now < least) {
            least = now;
            best = known;
        }
    }
    if (best == NULL) {
        return explain_none(any, raw_only, wanted, reason);
    }
    *format = best;
    return ERR_OK;
}
