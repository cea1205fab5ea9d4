/* Y'CbCr of video's colour spaces (BT.709, BT.2020, SMPTE 240M) into the BT.601 of JPEG (JFIF 1.02), without a trip
 * through RGB.
 * Threads: any; nothing here keeps state. */
#ifndef CAMERAS_URL_FFMPEG_URL_COLOUR_H
#define CAMERAS_URL_FFMPEG_URL_COLOUR_H

#include "broker/frame/frame.h"

/* Of red and blue in luma: Kr and Kb; green has the rest. */
struct luma_weights {
    double red, blue;
};

/* In place; samples are those of a picture of info's format (FRAME_I420 or FRAME_NV12; any other stays as it is), size
 * and range, without gaps between rows. The range stays as it is. */
void url_colour_to_bt601(uint8_t *samples, const struct frame_info *info, const struct luma_weights *weights);

#endif
