/* JPEG from outside: is it whole, where does it end, what does it lack. ITU-T T.81 | ISO/IEC 10918-1, annex B.
 *
 * Threads: any; nothing here keeps state. Nothing here takes a copy.
 * Reasons are sentences about the picture, such as "it ends in the middle". */
#ifndef CAMERAS_JPEG_H
#define CAMERAS_JPEG_H

#include "broker/frame.h"

#include <stdbool.h>

struct jpeg_layout {
    uint32_t width_px, height_px;
    size_t end;              /* bytes from SOI to just behind EOI: what follows is padding */
    size_t first_scan;       /* offset of the first SOS marker: where missing tables go */
    bool has_huffman_tables; /* DHT before the first scan */
    bool progressive;
};

/* Walks the markers from SOI to EOI and scans the entropy-coded data for markers that do not belong there and restart
 * markers that are missing. It does not decode: see jpeg_decodes(). ERR_INVALID: broken; ERR_UNSUPPORTED: arithmetic
 * coding, lossless, 12 bits a sample, CMYK or DNL, which browsers do not show. Cost: some us for a 1080p frame. */
CHECKED enum err jpeg_walk(const uint8_t *bytes, size_t count, struct jpeg_layout *layout, struct reason *reason);

/* Whether libjpeg decodes all of it without a warning, but for some stray bytes before EOI, which many webcams leave
 * there. Takes at most 256 MiB of memory. Cost: some ms for a 1080p frame. */
CHECKED bool jpeg_decodes(const uint8_t *bytes, size_t count, struct reason *reason);

/* Makes an unsealed JPEG frame from outside fit for publication: jpeg_walk(), padding trimmed, the standard Huffman
 * tables put in where they are missing, format, width and height filled in. thorough: jpeg_decodes() too.
 * ERR_INVALID, ERR_UNSUPPORTED: the frame is not to be published. */
CHECKED enum err jpeg_admit(struct frame *frame, bool thorough, struct reason *reason);

#endif
