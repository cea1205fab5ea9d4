/* Raw frames to JPEG frames, without a trip through RGB.
 *
 * Output: baseline JFIF, full range, 4:2:0 or 4:2:2 (grey for grey), with raw's orientation in Exif where it has one,
 * and a restart marker a row of blocks, so that a damaged stream recovers and loss is noticed. The same picture gives
 * the same bytes. An encoder keeps its compressor and its row buffer between frames. Threads: one at a time for each
 * encoder. */
#ifndef CAMERAS_PICTURE_ENCODER_H
#define CAMERAS_PICTURE_ENCODER_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"
#include "cameras/settings.h"

struct encoder;

/* pool is borrowed for the encoder's life. quality: 1 to 100. ERR_MEMORY. */
CHECKED enum err encoder_create(struct frame_pool *pool, int quality, enum subsampling subsampling,
                                struct encoder **encoder);
void encoder_destroy(struct encoder **encoder);

/* raw stays the caller's. *jpeg is a new, unsealed frame with raw's info, but for the format, the stride and the range;
 * its size is the one as shown. limit: borrowed; NULL: none; ERR_INTERRUPTED, ERR_TIMEOUT: it was reached.
 * ERR_INVALID: raw has fewer bytes than its format and size need, or it is not 1 to 65500 pixels each way;
 * ERR_UNSUPPORTED: not a raw format; ERR_MEMORY. */
CHECKED enum err encoder_encode(struct encoder *encoder, const struct frame *raw, const struct work_limit *limit,
                                struct frame **jpeg, struct reason *reason);

#endif
