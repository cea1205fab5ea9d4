/* Smaller or coarser versions of JPEG frames: the broker's converter.
 *
 * The picture is decoded straight to planes at an eighth, two eighths, ... of its size, which libjpeg does in the DCT
 * domain (only the low frequencies are transformed back), and encoded from there, without a trip through RGB. The
 * width is the smallest such that is at least the wished one, and never larger than the source's. Qualities are in
 * steps of ten, the next at or above the wish; 80 where a smaller picture comes without a wish. A wish that comes to
 * the source's own size and quality gives a copy, and so does a picture of another colour space than YCbCr and grey.
 *
 * Threads: one at a time for each converter. */
#ifndef CAMERAS_SCALER_H
#define CAMERAS_SCALER_H

#include "broker/converter.h"

extern const struct converter_ops scaler_ops;

#endif
