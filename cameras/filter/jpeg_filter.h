/* What is done to JPEG pictures before anybody sees them: they are turned and mirrored, masked, and written into, in
 * one pass over their DCT coefficients. Blocks that are not masked or written over keep every coefficient that they
 * have; a masked one becomes black, and the mask grows to whole units of blocks (see mask_grid.h). Where there are only
 * masks, most pictures take a quicker pass over their Huffman codes (see jpeg_scan_mask.h).
 *
 * The picture is decoded and encoded again only where it is to be turned with ROTATE_FAST. Output is baseline, where
 * the picture's tables allow it, with the picture's own restart interval, and without metadata: Exif may have a
 * thumbnail, which would show what is masked. What Exif says about the orientation is done, and no longer said.
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_FILTER_JPEG_FILTER_H
#define CAMERAS_FILTER_JPEG_FILTER_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"
#include "cameras/settings.h"

struct jpeg_filter;

/* quality: of ROTATE_FAST. pool and settings are borrowed, name copied. ERR_MEMORY. */
CHECKED enum err jpeg_filter_create(struct frame_pool *pool, const struct picture_filter_settings *settings,
                                    int quality, const char *name, struct jpeg_filter **filter);
/* filter: may point to NULL. */
void jpeg_filter_destroy(struct jpeg_filter **filter);

/* *jpeg: unsealed, and let through by jpeg_admit(); it is replaced by the result. On failure it stays as it was, and is
 * not to be shown. limit: borrowed; NULL: none; ERR_INTERRUPTED, ERR_TIMEOUT: it was reached. ERR_INVALID: the picture
 * does not decode, or it is too small to be turned, with a reason. ERR_MEMORY: memory ran out, or it would take more
 * than 256 MiB. */
CHECKED enum err jpeg_filter_apply(struct jpeg_filter *filter, struct frame **jpeg, const struct work_limit *limit,
                                   struct reason *reason);

#endif
