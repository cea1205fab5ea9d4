/* Masks a JPEG picture without decoding it: its scan (ITU-T T.81, annex F) is passed over code by code, which shows
 * where blocks begin and end and what their DC is. The bits of blocks that are not masked are copied, but for the first
 * difference of DC behind a mask. All else of the picture is written anew (see jpeg_header.h).
 *
 * It is for pictures of 1 or 3 components in one sequential scan with Huffman codes. Of all others, and of damaged
 * ones, it makes nothing: those are for libjpeg.
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_FILTER_JPEG_SCAN_MASK_H
#define CAMERAS_FILTER_JPEG_SCAN_MASK_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"
#include "cameras/picture/mask_grid.h"

#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

struct jpeg_scan_mask;

/* ERR_MEMORY. */
CHECKED enum err jpeg_scan_mask_create(struct jpeg_scan_mask **mask);
/* mask: may point to NULL. */
void jpeg_scan_mask_destroy(struct jpeg_scan_mask **mask);

/* picture: jpeg_read_header() has read it from memory; borrowed, and left so that its coefficients can be read. grid:
 * of its minimum coded units (see jpeg_mask_geometry()). output: an unsealed frame whose payload is overwritten; it is
 * replaced where it has to grow. limit: borrowed; NULL: none. ERR_UNSUPPORTED: the picture is not of that kind, or it
 * is damaged. ERR_INTERRUPTED, ERR_TIMEOUT: the limit was reached. ERR_MEMORY. On failure the payload is not to be
 * used. */
CHECKED enum err jpeg_scan_mask_apply(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture,
                                      const struct mask_grid *grid, const struct work_limit *limit,
                                      struct frame **output);

#endif
