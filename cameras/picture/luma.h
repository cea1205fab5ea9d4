/* The luma of frames at about one eighth of their size, for those that look at pictures instead of showing them.
 *
 * Of JPEG pictures the mean of each block of 8x8 is read from the scan (luma_scan.h), or decoded by libjpeg at that
 * scale; of raw pictures the means of boxes of samples are taken. Pictures of less than 960 pixels are read at two or
 * four eighths, and large ones are halved once more, so that the longer side has 120 to 400 samples; of tiny pictures
 * it has fewer. The result is turned as the frame says (Exif): it is the picture as shown. Limited range stays limited.
 *
 * A reader keeps its decoder and its buffers: nothing is allocated in steady state, but for what libjpeg takes from its
 * own pool. Cost: 0.4 ms of CPU for a JPEG of 1280x720 and 60 KB, 0.02 to 0.05 ms for a raw picture of that size.
 * Threads: one at a time for each reader. */
#ifndef CAMERAS_PICTURE_LUMA_H
#define CAMERAS_PICTURE_LUMA_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"

#include <stddef.h>
#include <stdint.h>

/* Borrowed. */
struct luma {
    const uint8_t *samples;
    size_t stride_bytes;
    uint32_t width_px, height_px;
};

struct luma_reader;

/* ERR_MEMORY. */
CHECKED enum err luma_reader_create(struct luma_reader **reader);
void luma_reader_destroy(struct luma_reader **reader);

/* frame: a JPEG that was admitted (jpeg.h), or a raw picture. *luma: borrowed until the next call. limit: borrowed;
 * NULL: none; ERR_INTERRUPTED, ERR_TIMEOUT: it was reached. ERR_INVALID: it does not decode, or is too small for its
 * format and size; ERR_UNSUPPORTED: it has no luma (RGB); ERR_MEMORY. */
CHECKED enum err luma_reader_read(struct luma_reader *reader, const struct frame *frame, const struct work_limit *limit,
                                  struct luma *luma, struct reason *reason);

#endif
