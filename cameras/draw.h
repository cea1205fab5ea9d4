/* Drawing into raw 4:2:0 planar pictures (FRAME_I420): boxes, and text in an embedded font.
 *
 * Coordinates are pixels from the top left corner; whatever lies outside the picture is clipped.
 * Threads: a canvas belongs to its user; a font to one thread at a time. */
#ifndef CAMERAS_DRAW_H
#define CAMERAS_DRAW_H

#include "broker/frame.h"

/* A colour in the full-range YCbCr of JFIF. */
struct colour {
    uint8_t y, cb, cr;
};
struct colour colour_from_rgb(uint8_t red, uint8_t green, uint8_t blue);

/* A picture to draw into; borrows the memory of a frame that the caller owns. */
struct canvas {
    uint8_t *y, *cb, *cr;
    uint32_t width_px, height_px;
};

/* A new unsealed FRAME_I420 frame of that size with its canvas; sizes may be odd (chroma is rounded up). ERR_MEMORY. */
CHECKED enum err canvas_create(struct frame_pool *pool, uint32_t width_px, uint32_t height_px, struct frame **frame,
                               struct canvas *canvas);

void draw_box(const struct canvas *canvas, int x, int y, int width, int height, struct colour colour);

struct font;

/* A font of glyphs about height_px high; glyphs are drawn once and kept. ERR_MEMORY. */
CHECKED enum err font_create(uint32_t height_px, struct font **font);
void font_destroy(struct font **font);
/* Width of a line of UTF-8 text, in pixels. */
int font_text_width(struct font *font, const char *text);
int font_line_height(const struct font *font);
/* Draws one line of UTF-8 text with its top left corner at x, y. Bad UTF-8 and missing glyphs show as a box. */
void draw_text(const struct canvas *canvas, struct font *font, int x, int y, const char *text, struct colour colour);

#endif
