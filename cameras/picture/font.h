/* Text in pictures, in the font that is built in (DejaVu Sans Mono Bold).
 *
 * Text is UTF-8. A bad sequence shows as U+FFFD, a character that the font lacks as a box.
 * Threads: a font belongs to one thread at a time. */
#ifndef CAMERAS_PICTURE_FONT_H
#define CAMERAS_PICTURE_FONT_H

#include "cameras/picture/draw.h"

#include <stddef.h>

struct font;

/* A font of that size (its em; capitals are 0.73 of it high). Glyphs are drawn when first used, then kept. ERR_MEMORY.
 */
CHECKED enum err font_create(uint32_t height_px, struct font **font);
void font_destroy(struct font **font);

/* From the top of one line to the top of the next. */
int font_line_height(const struct font *font);
/* Width of the first count bytes of the text (SIZE_MAX: all of it), in pixels. */
int font_text_width(struct font *font, const char *text, size_t count);
/* How many bytes of the text, in whole characters, are at most width_px wide. */
size_t font_fit(struct font *font, const char *text, int width_px);

/* One line, the first count bytes of the text (SIZE_MAX: all of it), with its top left corner at x, y. */
void draw_text(const struct canvas *canvas, struct font *font, int x, int y, const char *text, size_t count,
               struct colour colour);
/* All of the text, shortened with an ellipsis where it would be wider than width_px. */
void draw_text_within(const struct canvas *canvas, struct font *font, int x, int y, int width_px, const char *text,
                      struct colour colour);

#endif
