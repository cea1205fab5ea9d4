/* Masks of raw pictures: what they cover becomes black, in whole units of the JPEG that is made of the picture, so that
 * no block of that has both.
 *
 * Threads: one at a time for each grid. */
#ifndef CAMERAS_PICTURE_RAW_MASK_H
#define CAMERAS_PICTURE_RAW_MASK_H

#include "broker/frame/frame.h"
#include "cameras/picture/mask_grid.h"

/* raw: unsealed, and as shown. grid: zeroed at first; kept from picture to picture, while the masks are the same.
 * Errors: those of raw_picture_init(), and ERR_MEMORY. */
CHECKED enum err raw_mask_apply(struct mask_grid *grid, const struct polygon *masks, size_t count, struct frame *raw);

#endif
