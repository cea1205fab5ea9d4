/* JPEG from outside: is it whole, where does it end, what does it lack. ITU-T T.81 | ISO/IEC 10918-1, annex B.
 *
 * Threads: any; nothing here keeps state. Nothing here takes a copy.
 * Reasons are sentences about the picture, such as "it ends in the middle". */
#ifndef CAMERAS_PICTURE_JPEG_H
#define CAMERAS_PICTURE_JPEG_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"

#include <stdbool.h>

struct jpeg_layout {
    uint32_t width_px, height_px; /* as coded */
    size_t end;                   /* bytes from SOI to just behind EOI: what follows is padding */
    size_t first_scan;            /* offset of the first SOS marker: where missing tables go */
    bool has_huffman_tables;      /* DHT before the first scan */
    bool progressive;
    uint8_t orientation;   /* Exif's, 1 to 8: how it is turned to be shown; 0: not stated */
    bool lacks_end;        /* only when it is refused: it ends in the data of its last scan */
    uint64_t coded_blocks; /* blocks of 8x8 samples that a decoder visits, all scans together: its work */
};

/* Costlier pictures are refused. A progressive 4K picture without subsampling visits each block 4 to 6 times in its 10
 * to 12 scans, most of which are of one component. A visit costs 10 to 100 ns. */
#define JPEG_CODED_BLOCKS_MAX (UINT64_C(7) * 3 * (3840 / 8) * (2160 / 8))

/* Walks the markers from SOI to EOI and scans the entropy-coded data for markers that do not belong there and restart
 * markers that are missing. It does not decode: see jpeg_check_decoding(). ERR_INVALID: broken; ERR_UNSUPPORTED:
 * arithmetic coding, lossless, 12 bits a sample, CMYK or DNL, which browsers do not show, or more work than
 * JPEG_CODED_BLOCKS_MAX. Cost: some us for a 1080p frame. */
CHECKED enum err jpeg_inspect(const uint8_t *bytes, size_t count, struct jpeg_layout *layout, struct reason *reason);

/* Makes an unsealed JPEG frame from outside fit for publication: jpeg_inspect(), padding trimmed, the standard Huffman
 * tables and EOI put in where they are missing, format, orientation, width and height as shown filled in. thorough: it
 * is decoded as a check, too, as one that lacks EOI always is. limit: of that check; borrowed; NULL: none.
 * ERR_INVALID, ERR_UNSUPPORTED: the frame is not to be published. ERR_INTERRUPTED, ERR_TIMEOUT: the limit was reached.
 */
CHECKED enum err jpeg_admit(struct frame *frame, bool thorough, const struct work_limit *limit, struct reason *reason);

#endif
