/* What a masked block of a JPEG picture is, and which blocks are masked.
 *
 * Threads: any; nothing here keeps state. */
#ifndef CAMERAS_FILTER_JPEG_MASK_H
#define CAMERAS_FILTER_JPEG_MASK_H

#include "cameras/picture/mask_grid.h"

#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

/* A cell is a minimum coded unit (T.81, A.2): that of a single component is a block, whatever its sampling factors. */
struct mask_geometry jpeg_mask_geometry(const jpeg_component_info *components, int count, uint32_t width_px,
                                        uint32_t height_px);

/* The quantized DC of a component's black block, whose other coefficients are 0. table: that of the component. */
JCOEF jpeg_mask_black(J_COLOR_SPACE space, int index, const JQUANT_TBL *table);

/* Makes the blocks below a mask black. owner: of the arrays, which are in a coefficient memory; the compressor is to
 * write them. */
void jpeg_mask_coefficients(const struct jpeg_compress_struct *compressor, const struct mask_grid *grid,
                            j_common_ptr owner, jvirt_barray_ptr arrays[]);

#endif
