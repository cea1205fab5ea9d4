/* The line of text in a picture's top left corner: white on a black box.
 *
 * A format is text with the conversions of strftime(3) for the capture time in local time, and {name} for the camera's
 * name. Without one the line is the name and the capture time in UTC, to the millisecond.
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_FILTER_CAPTION_H
#define CAMERAS_FILTER_CAPTION_H

#include "cameras/picture/draw.h"
#include "cameras/settings.h"

struct caption;

/* settings is borrowed, name copied. ERR_MEMORY. */
CHECKED enum err caption_create(const struct caption_settings *settings, const char *name, struct caption **caption);
/* caption: may point to NULL. */
void caption_destroy(struct caption **caption);

struct caption_size {
    int width_px, height_px; /* of the box; it may be wider than the picture */
};

/* Writes the text for a picture, and chooses a font for its size. ERR_MEMORY. */
CHECKED enum err caption_prepare(struct caption *caption, int64_t captured_realtime_ns, uint32_t picture_width_px,
                                 uint32_t picture_height_px, struct caption_size *size);
/* What has been prepared; shortened where the canvas is narrower. */
void caption_draw(struct caption *caption, const struct canvas *canvas);

#endif
