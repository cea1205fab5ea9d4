/* Drawing into raw pictures of any format: boxes and masks. font.h writes text.
 *
 * Coordinates are pixels from the top left corner; whatever lies outside the picture is clipped.
 * Threads: a canvas belongs to its user. */
#ifndef CAMERAS_PICTURE_DRAW_H
#define CAMERAS_PICTURE_DRAW_H

#include "broker/frame/frame.h"

/* A colour in the full-range YCbCr of JFIF. */
struct colour {
    uint8_t y, cb, cr;
};
struct colour colour_from_rgb(uint8_t red, uint8_t green, uint8_t blue);
/* hue in degrees (0 red, 120 green, 240 blue), saturation and value from 0 to 1. */
struct colour colour_from_hsv(double hue, double saturation, double value);

/* The samples of Y, Cb or Cr in a picture. */
struct plane {
    uint8_t *samples;
    ptrdiff_t stride, step; /* in bytes: from row to row, and from one sample of a row to the next */
    int across, down;       /* how many pixels share a sample: 1 or 2 */
};

#define PLANES 3

/* A picture to draw into; borrows the memory of a frame that the caller owns. */
struct canvas {
    struct plane planes[PLANES]; /* without samples where the picture is grey */
    uint32_t width_px, height_px;
};

/* raw: unsealed, of any raw format. ERR_UNSUPPORTED, ERR_INVALID: as raw_picture_init(). */
CHECKED enum err canvas_over(struct frame *raw, struct canvas *canvas);

/* A new unsealed FRAME_I420 frame of that size with its canvas; sizes may be odd (chroma is rounded up). What it shows
 * is undefined. ERR_MEMORY; ERR_INVALID: too large for a frame. */
CHECKED enum err canvas_create(struct frame_pool *pool, uint32_t width_px, uint32_t height_px, struct frame **frame,
                               struct canvas *canvas);

void draw_box(const struct canvas *canvas, int x, int y, int width, int height, struct colour colour);

/* A shape: how much of each pixel it covers, from 0 to 255, row by row. */
struct mask {
    int width_px, height_px;
    uint8_t *coverage;
};

/* A disc with a smooth edge. ERR_MEMORY. */
CHECKED enum err mask_create_disc(int diameter_px, struct mask *mask);
/* Frees the coverage and empties the mask. */
void mask_finish(struct mask *mask);

/* Blends the colour into the picture where the shape covers it. */
void draw_mask(const struct canvas *canvas, const struct mask *mask, int x, int y, struct colour colour);

#endif
