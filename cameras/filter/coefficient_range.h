/* Whether coefficients can be coded again. Pictures of 8 bits a sample have none beyond the range that their codes are
 * made for (T.81, F.1.2), but a damaged or hostile one may, and libjpeg-turbo would write rubbish for it.
 *
 * Threads: those of the decompressor. */
#ifndef CAMERAS_FILTER_COEFFICIENT_RANGE_H
#define CAMERAS_FILTER_COEFFICIENT_RANGE_H

#include <stdbool.h>
#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

/* arrays: what jpeg_read_coefficients() gave, in a coefficient memory. Where the picture's own codes reach no further,
 * only DC is looked at, which is coded by differences. */
bool coefficients_are_in_range(struct jpeg_decompress_struct *decompressor, const jvirt_barray_ptr arrays[]);

#endif
