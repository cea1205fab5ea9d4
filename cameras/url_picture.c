#include "cameras/url_picture.h"

#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <string.h>

/* What stands in for any other format. */
#define COMMON_FORMAT AV_PIX_FMT_YUV420P

struct plane {
    size_t row_bytes;
    uint32_t rows;
    bool chroma;
};

static uint32_t half(uint32_t count) { return count / 2 + count % 2; }

static bool find_format(int pixel_format, enum frame_format *format) {
    switch (pixel_format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVJ420P: *format = FRAME_I420; return true;
    case AV_PIX_FMT_NV12: *format = FRAME_NV12; return true;
    case AV_PIX_FMT_GRAY8: *format = FRAME_GREY; return true;
    default: return false;
    }
}

static size_t list_planes(enum frame_format format, uint32_t width, uint32_t height, struct plane planes[3]) {
    const uint32_t chroma_width = half(width), chroma_rows = half(height);
    planes[0] = (struct plane){width, height, false};
    switch (format) {
    case FRAME_NV12: planes[1] = (struct plane){(size_t)2 * chroma_width, chroma_rows, true}; return 2;
    case FRAME_GREY: return 1;
    default: planes[1] = planes[2] = (struct plane){chroma_width, chroma_rows, true}; return 3;
    }
}

static uint8_t clamp(int value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/* ITU-R BT.601's 16 to 235 becomes JFIF's 0 to 255. The loops become vector code. */
static void expand_luma(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = clamp(((from[i] - 16) * 298 + 128) >> 8);
    }
}

static void expand_chroma(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = clamp((((from[i] - 128) * 291 + 128) >> 8) + 128);
    }
}

static bool is_full_range(const AVFrame *picture) {
    return picture->color_range == AVCOL_RANGE_JPEG || picture->format == AV_PIX_FMT_YUVJ420P ||
           picture->format == AV_PIX_FMT_YUVJ422P || picture->format == AV_PIX_FMT_YUVJ444P;
}

static uint8_t *copy_plane(uint8_t *to, const AVFrame *picture, int index, const struct plane *plane) {
    const bool expand = !is_full_range(picture);
    const uint8_t *from = picture->data[index];
    for (uint32_t row = 0; row < plane->rows; row++, from += picture->linesize[index], to += plane->row_bytes) {
        if (!expand) {
            memcpy(to, from, plane->row_bytes);
        } else if (plane->chroma) {
            expand_chroma(to, from, plane->row_bytes);
        } else {
            expand_luma(to, from, plane->row_bytes);
        }
    }
    return to;
}

static enum err scale(struct SwsContext **scaler, const AVFrame *picture, int width, int height, uint8_t *to) {
    *scaler = sws_getCachedContext(*scaler, picture->width, picture->height, (enum AVPixelFormat)picture->format, width,
                                   height, COMMON_FORMAT, SWS_BILINEAR, NULL, NULL, NULL);
    uint8_t *planes[4];
    int strides[4];
    if (*scaler == NULL || av_image_fill_arrays(planes, strides, to, COMMON_FORMAT, width, height, 1) < 0) {
        return ERR_UNSUPPORTED;
    }
    const int *matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get((enum AVPixelFormat)picture->format);
    bool full = is_full_range(picture) || (kind != NULL && (kind->flags & AV_PIX_FMT_FLAG_RGB) != 0);
    (void)sws_setColorspaceDetails(*scaler, matrix, full, matrix, 1, 0, 1 << 16, 1 << 16); /* refused for RGB */
    int rows = sws_scale(*scaler, (const uint8_t *const *)picture->data, picture->linesize, 0, picture->height, planes,
                         strides);
    return rows == height ? ERR_OK : ERR_UNSUPPORTED;
}

/* The size that was asked for, in the picture's own proportions where only one side was. */
static void choose_size(const AVFrame *picture, uint32_t *width, uint32_t *height) {
    const uint32_t own_width = (uint32_t)picture->width, own_height = (uint32_t)picture->height;
    if (*width == 0 && *height == 0) {
        *width = own_width;
        *height = own_height;
    } else if (*height == 0) {
        *height = (uint32_t)((uint64_t)own_height * *width / own_width);
    } else if (*width == 0) {
        *width = (uint32_t)((uint64_t)own_width * *height / own_height);
    }
    *width += *width == 0;
    *height += *height == 0;
}

enum err url_picture_take(struct frame_pool *pool, struct SwsContext **scaler, const AVFrame *picture,
                          uint32_t width_px, uint32_t height_px, struct frame **frame) {
    choose_size(picture, &width_px, &height_px);
    enum frame_format format = FRAME_I420;
    bool as_it_is = find_format(picture->format, &format) && width_px == (uint32_t)picture->width &&
                    height_px == (uint32_t)picture->height;
    if (!as_it_is) {
        format = FRAME_I420;
    }
    struct plane planes[3];
    const size_t count = list_planes(format, width_px, height_px, planes);
    size_t needed = 0;
    for (size_t i = 0; i < count; i++) {
        needed += planes[i].row_bytes * planes[i].rows;
    }
    enum err error = frame_create(pool, needed, frame);
    if (error != ERR_OK) {
        return error;
    }
    if (as_it_is) {
        uint8_t *to = frame_data(*frame);
        for (size_t i = 0; i < count; i++) {
            to = copy_plane(to, picture, (int)i, &planes[i]);
        }
    } else {
        error = scale(scaler, picture, (int)width_px, (int)height_px, frame_data(*frame));
    }
    if (error != ERR_OK) {
        frame_unref(frame);
        return error;
    }
    frame_set_size(*frame, needed);
    struct frame_info *info = frame_edit_info(*frame);
    info->format = format;
    info->width_px = width_px;
    info->height_px = height_px;
    return ERR_OK;
}
