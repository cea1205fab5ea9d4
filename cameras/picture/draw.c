#include "cameras/picture/draw.h"

#include "cameras/picture/raw_picture.h"

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

enum err canvas_over(struct frame *raw, struct canvas *canvas) {
    struct raw_picture picture;
    enum err error = raw_picture_init(&picture, raw, true, NULL);
    if (error != ERR_OK) {
        return error;
    }
    const struct raw_component *luma = &picture.components[0];
    *canvas = (struct canvas){.width_px = luma->width, .height_px = luma->height};
    for (unsigned i = 0; i < picture.component_count; i++) {
        const struct raw_component *component = &picture.components[i];
        canvas->planes[i] = (struct plane){
            .samples = frame_data(raw) + (component->samples - frame_payload(raw).bytes),
            .stride = (ptrdiff_t)component->stride_bytes,
            .step = (ptrdiff_t)component->step_bytes,
            .across = i == 0 ? 1 : 2,
            .down = i == 0 || !picture.chroma_halved_down ? 1 : 2,
        };
    }
    return ERR_OK;
}

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
    error = canvas_over(created, canvas);
    if (error != ERR_OK) {
        frame_unref(&created);
        return error;
    }
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

/* The samples of a plane that an area touches. */
static struct area samples_of(const struct plane *plane, struct area area) {
    bool halved_across = plane->across == 2, halved_down = plane->down == 2;
    return (struct area){
        .left = area.left / plane->across,
        .top = area.top / plane->down,
        .right = halved_across ? half_up(area.right) : area.right,
        .bottom = halved_down ? half_up(area.bottom) : area.bottom,
    };
}

static void fill_plane(const struct plane *plane, struct area area, uint8_t value) {
    for (int row = area.top; row < area.bottom; row++) {
        uint8_t *samples = plane->samples + row * plane->stride;
        if (plane->step == 1) {
            memset(samples + area.left, value, (size_t)(area.right - area.left));
            continue;
        }
        for (int column = area.left; column < area.right; column++) {
            samples[column * plane->step] = value;
        }
    }
}

void draw_box(const struct canvas *canvas, int x, int y, int width, int height, struct colour colour) {
    struct area area = clip(canvas, x, y, width, height);
    if (area.left >= area.right) {
        return;
    }
    const uint8_t samples[] = {colour.y, colour.cb, colour.cr};
    for (unsigned i = 0; i < PLANES && canvas->planes[i].samples != NULL; i++) {
        fill_plane(&canvas->planes[i], samples_of(&canvas->planes[i], area), samples[i]);
    }
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
    if (alpha == 0) { /* most of a glyph's */
        return;
    }
    *sample = (uint8_t)((*sample * (255 - alpha) + colour * alpha + 127) / 255);
}

/* How much of the pixels that share one sample is covered; column and row are the mask's. */
static int shared_coverage(const struct mask *mask, int column, int row, const struct plane *plane) {
    int sum = 0;
    for (int y = row; y < row + plane->down; y++) {
        for (int x = column; x < column + plane->across; x++) {
            if (x >= 0 && x < mask->width_px && y >= 0 && y < mask->height_px) {
                sum += mask->coverage[y * mask->width_px + x];
            }
        }
    }
    return sum / (plane->across * plane->down);
}

/* Luma: a sample a pixel. */
static void blend_pixels(const struct plane *plane, struct area area, const struct mask *mask, int x, int y,
                         uint8_t value) {
    for (int row = area.top; row < area.bottom; row++) {
        uint8_t *samples = plane->samples + row * plane->stride;
        const uint8_t *coverage = mask->coverage + (ptrdiff_t)(row - y) * mask->width_px;
        for (int column = area.left; column < area.right; column++) {
            blend(samples + column * plane->step, value, coverage[column - x]);
        }
    }
}

static void blend_shared(const struct plane *plane, struct area area, const struct mask *mask, int x, int y,
                         uint8_t value) {
    for (int row = area.top; row < area.bottom; row++) {
        uint8_t *samples = plane->samples + row * plane->stride;
        for (int column = area.left; column < area.right; column++) {
            int alpha = shared_coverage(mask, column * plane->across - x, row * plane->down - y, plane);
            blend(samples + column * plane->step, value, alpha);
        }
    }
}

void draw_mask(const struct canvas *canvas, const struct mask *mask, int x, int y, struct colour colour) {
    struct area area = clip(canvas, x, y, mask->width_px, mask->height_px);
    const uint8_t samples[] = {colour.y, colour.cb, colour.cr};
    blend_pixels(&canvas->planes[0], area, mask, x, y, samples[0]);
    for (unsigned i = 1; i < PLANES && canvas->planes[i].samples != NULL; i++) {
        blend_shared(&canvas->planes[i], samples_of(&canvas->planes[i], area), mask, x, y, samples[i]);
    }
}
