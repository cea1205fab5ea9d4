/* The picture that stands for time in which nothing was recorded: recording/playback/player.h shows it.
 * Threads: any; nothing is kept between two pictures. */
#ifndef CAMERAS_PICTURE_GAP_PICTURE_H
#define CAMERAS_PICTURE_GAP_PICTURE_H

#include "broker/recording/playback/gap.h"

/* gap_draw of that header. */
CHECKED enum err gap_picture_draw(struct frame_pool *pool, const struct gap *gap, struct frame **jpeg);

#endif
