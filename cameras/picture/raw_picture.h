/* Raw pictures of any format, row by row, as the planes of a JPEG picture: full range, 4:2:0 or 4:2:2.
 *
 * Threads: any; a picture is read-only and borrows the memory of its frame. */
#ifndef CAMERAS_PICTURE_RAW_PICTURE_H
#define CAMERAS_PICTURE_RAW_PICTURE_H

#include "broker/frame/frame.h"

#include <stdbool.h>

struct sample_scale;

/* Where the samples of Y, Cb or Cr are, and how many come out of them. */
struct raw_component {
    const uint8_t *samples;
    size_t stride_bytes; /* from one row of samples to the next */
    size_t step_bytes;   /* from one sample of a row to the next: 1, 2 or 4 */
    uint32_t source_rows;
    uint32_t width, height;           /* source_rows is twice the height (or one less) where two rows make one */
    const struct sample_scale *scale; /* to full range; NULL: it is that already */
};

struct raw_picture {
    unsigned component_count; /* 1: grey; 3: Y, Cb, Cr */
    bool chroma_halved_down;  /* 4:2:0; else 4:2:2 */
    struct raw_component components[3];
};

/* keep_chroma_rows: 4:2:2 where the frame has as much. ERR_UNSUPPORTED: the frame is not raw. ERR_INVALID: its size is
 * not 1 to 65500 each way, or it has fewer bytes than its format and size need. */
CHECKED enum err raw_picture_init(struct raw_picture *picture, const struct frame *frame, bool keep_chroma_rows,
                                  struct reason *reason);

/* One row, continued to padded_width by its last sample; rows below the picture are the last one. Returns either the
 * frame's own memory or buffer, which has room for padded_width samples. */
const uint8_t *raw_component_row(const struct raw_component *component, uint32_t row, size_t padded_width,
                                 uint8_t *buffer);

#endif
