/* The luma of a JPEG picture at one eighth, from its scan: the mean of a block of 8x8 is its DC coefficient (ITU-T
 * T.81, A.3.3), for which nothing has to be decoded. It is what libjpeg gives at that scale, at less than half of the
 * cost.
 *
 * Threads: one at a time for each scan. */
#ifndef CAMERAS_PICTURE_LUMA_SCAN_H
#define CAMERAS_PICTURE_LUMA_SCAN_H

#include "cameras/picture/scan/jpeg_scan.h"

/* scan: zeroed before the first picture; kept for the next. picture: YCbCr or grey; jpeg_read_header() has read it from
 * memory; borrowed, and left so that libjpeg can go on with it. limit: borrowed; NULL: none. samples: width x height,
 * an eighth of the picture's, rounded up. ERR_UNSUPPORTED: the picture is for libjpeg (see jpeg_scan.h), or its luma is
 * subsampled. ERR_INTERRUPTED, ERR_TIMEOUT, ERR_MEMORY. After an error the samples mean nothing. */
CHECKED enum err luma_scan_read(struct jpeg_scan *scan, const struct jpeg_decompress_struct *picture,
                                const struct work_limit *limit, uint8_t *samples);

#endif
