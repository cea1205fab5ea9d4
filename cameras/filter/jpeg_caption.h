/* A caption as blocks of a JPEG picture: the box grows to whole units of blocks, so that what is below it need not be
 * decoded, and every other block stays as it is.
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_FILTER_JPEG_CAPTION_H
#define CAMERAS_FILTER_JPEG_CAPTION_H

#include "cameras/filter/caption.h"

#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

struct jpeg_caption;

/* As caption_create(). */
CHECKED enum err jpeg_caption_create(const struct caption_settings *settings, const char *name,
                                     struct jpeg_caption **caption);
/* caption: may point to NULL. */
void jpeg_caption_destroy(struct jpeg_caption **caption);

/* Writes it into the coefficients of a picture, between jpeg_write_coefficients() and jpeg_finish_compress(). owner:
 * the object that the arrays belong to. ERR_MEMORY. */
CHECKED enum err jpeg_caption_write(struct jpeg_caption *caption, int64_t captured_realtime_ns,
                                    const struct jpeg_compress_struct *compressor, j_common_ptr owner,
                                    const jvirt_barray_ptr arrays[]);

#endif
