#include "cameras/url/ffmpeg/url_picture.h"

#include "cameras/filter/picture_filter.h"
#include "cameras/url/ffmpeg/url_colour.h"

#include <libavutil/csp.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

static bool is_rgb(const AVFrame *picture) {
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get((enum AVPixelFormat)picture->format);
    return kind != NULL && (kind->flags & AV_PIX_FMT_FLAG_RGB) != 0;
}

/* Of Y'CbCr with more than 8 bits; swscale ignores a range that it is given for them. */
static bool is_deep(const AVFrame *picture) {
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get((enum AVPixelFormat)picture->format);
    return kind != NULL && kind->comp[0].depth > 8 && !is_rgb(picture);
}

/* To full range, or in the range that it has. */
static enum err scale(struct SwsContext **scaler, const AVFrame *picture, int width, int height, bool keep_range,
                      uint8_t *to) {
    *scaler = sws_getCachedContext(*scaler, picture->width, picture->height, (enum AVPixelFormat)picture->format, width,
                                   height, COMMON_FORMAT, SWS_BILINEAR, NULL, NULL, NULL);
    uint8_t *planes[4];
    int strides[4];
    if (*scaler == NULL || av_image_fill_arrays(planes, strides, to, COMMON_FORMAT, width, height, 1) < 0) {
        return ERR_UNSUPPORTED;
    }
    const int *matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    const bool full = is_full_range(picture) || is_rgb(picture), full_after = full || !keep_range;
    (void)sws_setColorspaceDetails(*scaler, matrix, full, matrix, full_after, 0, 1 << 16,
                                   1 << 16); /* refused for RGB */
    int rows = sws_scale(*scaler, (const uint8_t *const *)picture->data, picture->linesize, 0, picture->height, planes,
                         strides);
    return rows == height ? ERR_OK : ERR_UNSUPPORTED;
}

/* ---- Size and turn ---- */

static bool is_square(AVRational ratio) { return ratio.num <= 0 || ratio.den <= 0 || ratio.num == ratio.den; }

/* The picture's own size, its pixels made square. */
static void find_own_size(const AVFrame *picture, uint32_t *width, uint32_t *height) {
    const AVRational ratio = picture->sample_aspect_ratio;
    *width = (uint32_t)picture->width;
    *height = (uint32_t)picture->height;
    if (is_square(ratio)) {
        return;
    }
    const uint64_t num = (uint64_t)ratio.num, den = (uint64_t)ratio.den;
    const uint64_t square_width = (*width * num + den / 2) / den;
    if (square_width > CAMERA_WIDTH_MAX_PX) {
        *width = CAMERA_WIDTH_MAX_PX;
        *height = (uint32_t)(*height * (uint64_t)CAMERA_WIDTH_MAX_PX / square_width);
    } else {
        *width = (uint32_t)square_width;
    }
}

/* The size that was asked for, in the picture's own proportions where only one side was. */
static void choose_size(const AVFrame *picture, uint32_t *width, uint32_t *height) {
    const uint32_t own_width = (uint32_t)picture->width, own_height = (uint32_t)picture->height;
    if (*width == 0 && *height == 0) {
        find_own_size(picture, width, height);
    } else if (*height == 0) {
        *height = (uint32_t)((uint64_t)own_height * *width / own_width);
    } else if (*width == 0) {
        *width = (uint32_t)((uint64_t)own_width * *height / own_height);
    }
    *width += *width == 0;
    *height += *height == 0;
}

/* As the display matrix (libavutil/display.h; NULL: none) says, to the nearest quarter. */
static struct picture_filter_settings find_turn(const uint8_t *data, size_t bytes) {
    struct picture_filter_settings turn = {0};
    int32_t matrix[9];
    if (data == NULL || bytes < sizeof matrix) {
        return turn;
    }
    memcpy(matrix, data, sizeof matrix);
    const int64_t x_of_x = matrix[0], y_of_x = matrix[1], x_of_y = matrix[3], y_of_y = matrix[4];
    if (llabs(y_of_x) > llabs(x_of_x)) {
        turn.turn_degrees = 90;
        turn.flip = (x_of_y > 0 ? FLIP_HORIZONTAL : 0u) | (y_of_x < 0 ? FLIP_VERTICAL : 0u);
    } else {
        turn.flip = (x_of_x < 0 ? FLIP_HORIZONTAL : 0u) | (y_of_y < 0 ? FLIP_VERTICAL : 0u);
    }
    return turn;
}

bool url_picture_is_shown_as_stored(AVRational sample_aspect_ratio, const uint8_t *matrix, size_t matrix_bytes) {
    const struct picture_filter_settings turn = find_turn(matrix, matrix_bytes);
    return is_square(sample_aspect_ratio) && !picture_filter_is_wanted(&turn);
}

static enum err turn_frame(struct frame_pool *pool, const AVFrame *picture, struct frame **frame) {
    const AVFrameSideData *side = av_frame_get_side_data(picture, AV_FRAME_DATA_DISPLAYMATRIX);
    const struct picture_filter_settings turn =
        side != NULL ? find_turn(side->data, side->size) : (struct picture_filter_settings){0};
    if (!picture_filter_is_wanted(&turn)) {
        return ERR_OK;
    }
    struct picture_filter *filter;
    enum err error = picture_filter_create(pool, &turn, "", &filter);
    if (error == ERR_OK) {
        error = picture_filter_apply(filter, frame);
        picture_filter_destroy(&filter);
    }
    return error;
}

/* ---- Colour ---- */

/* Whether the picture's colours are of another space than JPEG's. */
static bool find_weights(const AVFrame *picture, struct luma_weights *weights) {
    switch (picture->colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_SMPTE240M:
    case AVCOL_SPC_BT2020_NCL: break;
    default: return false;
    }
    const AVLumaCoefficients *known = av_csp_luma_coeffs_from_avcsp(picture->colorspace);
    if (known == NULL) {
        return false;
    }
    *weights = (struct luma_weights){av_q2d(known->cr), av_q2d(known->cb)};
    return true;
}

enum err url_picture_take(struct frame_pool *pool, struct SwsContext **scaler, const AVFrame *picture,
                          uint32_t width_px, uint32_t height_px, struct frame **frame) {
    const bool is_turned = width_px == 0 && height_px == 0;
    choose_size(picture, &width_px, &height_px);
    const int width = (int)width_px, height = (int)height_px;
    struct frame_info info = {.format = FRAME_I420, .width_px = width_px, .height_px = height_px};
    const bool as_it_is =
        find_format(picture->format, &info.format) && width == picture->width && height == picture->height;
    if (!as_it_is) {
        info.format = FRAME_I420;
    }
    const bool keep_range = as_it_is || is_deep(picture);
    info.limited_range = keep_range && !is_full_range(picture);
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
        (void)av_image_copy_to_buffer(frame_data(*frame), needed, (const uint8_t *const *)picture->data,
                                      picture->linesize, kept, width, height, 1); /* there is room */
    } else {
        error = scale(scaler, picture, width, height, keep_range, frame_data(*frame));
    }
    if (error != ERR_OK) {
        frame_unref(frame);
        return error;
    }
    struct luma_weights weights;
    if (find_weights(picture, &weights)) {
        url_colour_to_bt601(frame_data(*frame), &info, &weights);
    }
    frame_set_size(*frame, (size_t)needed);
    *frame_edit_info(*frame) = info;
    error = is_turned ? turn_frame(pool, picture, frame) : ERR_OK;
    if (error != ERR_OK) {
        frame_unref(frame);
    }
    return error;
}
