/* Drawing into raw 4:2:0 planar pictures (FRAME_I420): boxes and masks. font.h writes text.
 *
 * Coordinates are pixels from the top left corner; whatever lies outside the picture is clipped.
 * Threads: a canvas belongs to its user. */
#ifndef CAMERAS_DRAW_H
#define CAMERAS_DRAW_H

#include "broker/frame.h"

/* A colour in the full-range YCbCr of JFIF. */
struct colour {
    uint8_t y, cb, cr;
};
struct colour colour_from_rgb(uint8_t red, uint8_t green, uint8_t blue);
/* hue in degrees (0 red, 120 green, 240 blue), saturation and value from 0 to 1. */
struct colour colour_from_hsv(double hue, double saturation, double value);

/* A picture to draw into; borrows the memory of a frame that the caller owns. */
struct canvas {
    uint8_t *y, *cb, *cr;
    uint32_t width_px, height_px;
};

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
