/* Smaller or coarser versions of JPEG frames: the broker's converter.
 *
 * The picture is decoded straight to planes at an eighth, two eighths, ... of its size, which libjpeg does in the DCT
 * domain (only the low frequencies are transformed back), and encoded from there, without a trip through RGB. The
 * width, that of the picture as shown, is the smallest such that is at least the requested one, and never larger than
 * the source's. A picture that Exif turns stays as stored and says so in Exif, too. Qualities are in
 * steps of ten, the next at or above the request; 80 where a smaller picture comes without a request. A request that
 * comes to the source's own size and quality gives a copy. So does a picture of another colour space than YCbCr and
 * grey, or with sampling factors that are no multiples of each other. What is masked in the source (frame_masks()) is
 * black to the pixel in what is made of it.
 *
 * Threads: one at a time for each converter. */
#ifndef CAMERAS_PICTURE_SCALER_H
#define CAMERAS_PICTURE_SCALER_H

#include "broker/frame/converter.h"

extern const struct converter_ops scaler_ops;

#endif
