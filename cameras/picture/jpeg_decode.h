/* Whether a JPEG decodes: the check that only a decoder can make.
 * Threads: any; nothing here keeps state. */
#ifndef CAMERAS_PICTURE_JPEG_DECODE_H
#define CAMERAS_PICTURE_JPEG_DECODE_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"

/* ERR_OK: libjpeg decodes all of it without a warning that costs pixels. Stray bytes before a marker, which many
 * webcams leave there, cost none. ERR_INVALID: it does not. limit: borrowed; NULL: none; ERR_INTERRUPTED, ERR_TIMEOUT:
 * it was reached. reason is set after a warning
 * that costs none, too. Takes at most 256 MiB of memory. Cost: some ms for a 1080p frame. */
CHECKED enum err jpeg_check_decoding(const uint8_t *bytes, size_t count, const struct work_limit *limit,
                                     struct reason *reason);

#endif
