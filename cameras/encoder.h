/* Raw frames to JPEG frames, without a trip through RGB.
 *
 * An encoder keeps its compressor and row buffers between frames. Output: baseline JFIF, 4:2:0 (grey for grey), a
 * restart marker a row of blocks (so that a damaged stream recovers), full range. Threads: one at a time for each
 * encoder. */
#ifndef CAMERAS_ENCODER_H
#define CAMERAS_ENCODER_H

#include "broker/frame.h"

struct encoder;

/* quality: 1 to 100. ERR_MEMORY. */
CHECKED enum err encoder_create(struct frame_pool *pool, int quality, struct encoder **encoder);
void encoder_destroy(struct encoder **encoder);

/* raw stays the caller's. *jpeg is a new, unsealed frame with raw's sequence and capture times. ERR_INVALID: raw is
 * smaller than its format and size need; ERR_UNSUPPORTED: not a raw format; ERR_MEMORY. */
CHECKED enum err encoder_encode(struct encoder *encoder, const struct frame *raw, struct frame **jpeg,
                                struct reason *reason);

#endif
