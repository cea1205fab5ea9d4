#include "cameras/url_picture.h"

#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdbool.h>

/* What stands in for any other format. */
#define COMMON_FORMAT AV_PIX_FMT_YUV420P

static bool find_format(int pixel_format, enum frame_format *format) {
    switch (pixel_format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVJ420P: *format = FRAME_I420; return true;
    case AV_PIX_FMT_NV12: *format = FRAME_NV12; return true;
    case AV_PIX_FMT_GRAY8: *format = FRAME_GREY; return true;
    default: return false;
    }
}

static bool is_full_range(const AVFrame *picture) {
    return picture->color_range == AVCOL_RANGE_JPEG || picture->format == AV_PIX_FMT_YUVJ420P ||
           picture->format == AV_PIX_FMT_YUVJ422P || picture->format == AV_PIX_FMT_YUVJ444P;
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
    const int width = (int)width_px, height = (int)height_px;
    struct frame_info info = {.format = FRAME_I420, .width_px = width_px, .height_px = height_px};
    const bool as_it_is =
        find_format(picture->format, &info.format) && width == picture->width && height == picture->height;
    if (!as_it_is) {
        info.format = FRAME_I420;
    }
    const enum AVPixelFormat kept = as_it_is ? (enum AVPixelFormat)picture->format : COMMON_FORMAT;
    const int needed = av_image_get_buffer_size(kept, width, height, 1);
    if (needed < 0) {
        return ERR_UNSUPPORTED;
    }
    enum err error = frame_create(pool, (size_t)needed, frame);
    if (error != ERR_OK) {
        return error;
    }
    if (as_it_is) {
        info.limited_range = !is_full_range(picture);
        (void)av_image_copy_to_buffer(frame_data(*frame), needed, (const uint8_t *const *)picture->data,
                                      picture->linesize, kept, width, height, 1); /* there is room */
    } else {
        error = scale(scaler, picture, width, height, frame_data(*frame));
    }
    if (error != ERR_OK) {
        frame_unref(frame);
        return error;
    }
    frame_set_size(*frame, (size_t)needed);
    *frame_edit_info(*frame) = info;
    return ERR_OK;
}
