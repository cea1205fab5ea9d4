/* Turns and mirrors JPEG pictures block by block, in the DCT domain: no coefficient but the sign of some changes, and
 * each goes to another place.
 *
 * A block that is incomplete at the right or the lower edge cannot become one at the left or the upper edge, where no
 * picture has any: it is cut off. Where components share their samples, that holds for the unit of blocks that belong
 * together (T.81, A.2.4).
 *
 * Both objects have a coefficient memory.
 * Threads: those of the compressor. */
#ifndef CAMERAS_FILTER_JPEG_TURN_H
#define CAMERAS_FILTER_JPEG_TURN_H

#include "cameras/filter/turn.h"

#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

/* Changes what jpeg_copy_critical_parameters() has set: size, sampling factors and quantization tables. False: nothing
 * of the picture would be left. */
CHECKED bool jpeg_turn_parameters(struct jpeg_compress_struct *compressor, struct turn turn);
/* Requests what the turned coefficients go into, one for each component, before jpeg_write_coefficients(). */
void jpeg_turn_request_arrays(struct jpeg_compress_struct *compressor, jvirt_barray_ptr arrays[MAX_COMPONENTS]);
/* Fills them, after it. from: what jpeg_read_coefficients() gave. */
void jpeg_turn_blocks(struct jpeg_decompress_struct *decompressor, const jvirt_barray_ptr from[],
                      struct jpeg_compress_struct *compressor, const jvirt_barray_ptr to[], struct turn turn);

/* The largest sampling factors, which the compressor knows only later. */
struct jpeg_sampling {
    int across, down;
};
struct jpeg_sampling jpeg_max_sampling(const struct jpeg_compress_struct *compressor);

#endif
