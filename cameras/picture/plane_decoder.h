/* JPEG frames to raw frames, without a trip through RGB: decoded straight to planes at an eighth, two eighths, ... of
 * the size, which libjpeg does in the DCT domain (only the low frequencies are transformed back).
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_PICTURE_PLANE_DECODER_H
#define CAMERAS_PICTURE_PLANE_DECODER_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"

struct plane_decoder;

/* pool is borrowed for the decoder's life. ERR_MEMORY. */
CHECKED enum err plane_decoder_create(struct frame_pool *pool, struct plane_decoder **decoder);
/* decoder: may point to NULL. */
void plane_decoder_destroy(struct plane_decoder **decoder);

/* jpeg: one that jpeg_admit() has let through. eighths: 1 to 8, of the size. *raw is a new, unsealed frame, 4:2:0 or
 * grey, with jpeg's info, its orientation too; NULL after a failure. ERR_UNSUPPORTED: of another colour space than
 * YCbCr and grey, or with sampling factors that are no multiples of each other. ERR_INVALID: it does not decode.
 * ERR_INTERRUPTED, ERR_TIMEOUT: the limit, which may be NULL, was reached. ERR_MEMORY. */
CHECKED enum err plane_decoder_decode(struct plane_decoder *decoder, const struct frame *jpeg, unsigned eighths,
                                      const struct work_limit *limit, struct frame **raw);

#endif
