/* Decoded pictures into frames: in one of the formats that the encoder takes. Private to the url driver.
 * Threads: one at a time for each scaler. */
#ifndef CAMERAS_URL_FFMPEG_URL_PICTURE_H
#define CAMERAS_URL_FFMPEG_URL_PICTURE_H

#include "broker/frame/frame.h"

#include <libavutil/rational.h>
#include <stdbool.h>

struct AVFrame;
struct SwsContext;

/* *scaler is kept from picture to picture; NULL at first, freed by the caller with sws_freeContext(). width_px and
 * height_px: the size to scale to; 0: what keeps the picture's shape. If both are 0, the picture gets its own size with
 * its sample aspect ratio (up to CAMERA_WIDTH_MAX_PX) and display matrix applied.
 * *frame has its format and size; it is new and unsealed. ERR_MEMORY; ERR_UNSUPPORTED; ERR_INVALID: too large. */
CHECKED enum err url_picture_take(struct frame_pool *pool, struct SwsContext **scaler, const struct AVFrame *picture,
                                  uint32_t width_px, uint32_t height_px, struct frame **frame);

/* Whether pictures of a video with this sample aspect ratio and display matrix (NULL: none) are shown as they are
 * stored. */
bool url_picture_is_shown_as_stored(AVRational sample_aspect_ratio, const uint8_t *matrix, size_t matrix_bytes);

#endif
