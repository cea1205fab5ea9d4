#include "cameras/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint8_t clamp_byte(double value) { return (uint8_t)lround(fmin(fmax(value, 0), 255)); }

/* JFIF 1.02, "Conversion to and from RGB". */
struct colour colour_from_rgb(uint8_t red, uint8_t green, uint8_t blue) {
    double y = 0.299 * red + 0.587 * green + 0.114 * blue;
    return (struct colour){
        .y = clamp_byte(y),
        .cb = clamp_byte(128 + (blue - y) / 1.772),
        .cr = clamp_byte(128 + (red - y) / 1.402),
    };
}

/* One channel of HSV to RGB: shift is 5 for red, 3 for green, 1 for blue. */
static uint8_t hsv_channel(double shift, double hue, double saturation, double value) {
    double k = fmod(shift + hue / 60, 6);
    double slope = fmax(0, fmin(fmin(k, 4 - k), 1));
    return clamp_byte(255 * value * (1 - saturation * slope));
}

struct colour colour_from_hsv(double hue, double saturation, double value) {
    return colour_from_rgb(hsv_channel(5, hue, saturation, value), hsv_channel(3, hue, saturation, value),
                           hsv_channel(1, hue, saturation, value));
}

static int half_up(int pixels) { return (pixels + 1) / 2; }

enum err canvas_create(struct frame_pool *pool, uint32_t width_px, uint32_t height_px, struct frame **frame,
                       struct canvas *canvas) {
    size_t luma_bytes = (size_t)width_px * height_px;
    size_t chroma_bytes = ((size_t)width_px + 1) / 2 * (((size_t)height_px + 1) / 2);
    struct frame *created;
    enum err error = frame_create(pool, luma_bytes + 2 * chroma_bytes, &created);
    if (error != ERR_OK) {
        return error;
    }
    frame_set_size(created, luma_bytes + 2 * chroma_bytes);
    struct frame_info *info = frame_edit_info(created);
    info->format = FRAME_I420;
    info->width_px = width_px;
    info->height_px = height_px;
    info->stride_px = width_px;
    uint8_t *data = frame_data(created);
    *canvas = (struct canvas){
        .y = data,
        .cb = data + luma_bytes,
        .cr = data + luma_bytes + chroma_bytes,
        .width_px = width_px,
        .height_px = height_px,
    };
    *frame = created;
    return ERR_OK;
}

/* The part of a shape that lies in the picture: from the first pixel to the one behind the last. */
struct area {
    int left, top, right, bottom;
};

static struct area clip(const struct canvas *canvas, int x, int y, int width, int height) {
    int right = x + width;
    int bottom = y + height;
    return (struct area){
        .left = x > 0 ? x : 0,
        .top = y > 0 ? y : 0,
        .right = right < (int)canvas->width_px ? right : (int)canvas->width_px,
        .bottom = bottom < (int)canvas->height_px ? bottom : (int)canvas->height_px,
    };
}

static void fill_plane(uint8_t *plane, int stride, struct area area, uint8_t value) {
    for (int row = area.top; row < area.bottom; row++) {
        memset(plane + (ptrdiff_t)row * stride + area.left, value, (size_t)(area.right - area.left));
    }
}

void draw_box(const struct canvas *canvas, int x, int y, int width, int height, struct colour colour) {
    struct area area = clip(canvas, x, y, width, height);
    if (area.left >= area.right) {
        return;
    }
    fill_plane(canvas->y, (int)canvas->width_px, area, colour.y);
    struct area half = {area.left / 2, area.top / 2, half_up(area.right), half_up(area.bottom)};
    fill_plane(canvas->cb, half_up((int)canvas->width_px), half, colour.cb);
    fill_plane(canvas->cr, half_up((int)canvas->width_px), half, colour.cr);
}

enum err mask_create_disc(int diameter_px, struct mask *mask) {
    uint8_t *coverage = malloc((size_t)diameter_px * (size_t)diameter_px);
    if (coverage == NULL) {
        return ERR_MEMORY;
    }
    double radius = diameter_px / 2.0;
    for (int y = 0; y < diameter_px; y++) {
        for (int x = 0; x < diameter_px; x++) {
            double inside = radius - hypot(x + 0.5 - radius, y + 0.5 - radius);
            coverage[y * diameter_px + x] = clamp_byte(255 * (inside + 0.5));
        }
    }
    *mask = (struct mask){diameter_px, diameter_px, coverage};
    return ERR_OK;
}

void mask_finish(struct mask *mask) {
    free(mask->coverage);
    *mask = (struct mask){0};
}

/* alpha: 0 to 255. */
static void blend(uint8_t *sample, uint8_t colour, int alpha) {
    *sample = (uint8_t)((*sample * (255 - alpha) + colour * alpha + 127) / 255);
}

/* How much of the two by two pixels of one chroma sample is covered; column and row are the mask's. */
static int coverage_of_four(const struct mask *mask, int column, int row) {
    int sum = 0;
    for (int y = row; y < row + 2; y++) {
        for (int x = column; x < column + 2; x++) {
            if (x >= 0 && x < mask->width_px && y >= 0 && y < mask->height_px) {
                sum += mask->coverage[y * mask->width_px + x];
            }
        }
    }
    return sum / 4;
}

void draw_mask(const struct canvas *canvas, const struct mask *mask, int x, int y, struct colour colour) {
    struct area area = clip(canvas, x, y, mask->width_px, mask->height_px);
    for (int row = area.top; row < area.bottom; row++) {
        uint8_t *luma = canvas->y + (ptrdiff_t)row * (ptrdiff_t)canvas->width_px;
        const uint8_t *coverage = mask->coverage + (ptrdiff_t)(row - y) * mask->width_px;
        for (int column = area.left; column < area.right; column++) {
            blend(luma + column, colour.y, coverage[column - x]);
        }
    }
    int stride = half_up((int)canvas->width_px);
    for (int row = area.top / 2; row < half_up(area.bottom); row++) {
        for (int column = area.left / 2; column < half_up(area.right); column++) {
            int alpha = coverage_of_four(mask, 2 * column - x, 2 * row - y);
            blend(canvas->cb + row * stride + column, colour.cb, alpha);
            blend(canvas->cr + row * stride + column, colour.cr, alpha);
        }
    }
}
