/* The picture that a camera showed at a time.
 * Threads: any. Blocks: as the disk does. */
#ifndef BROKER_RECORDING_PLAYBACK_RECORDED_PICTURE_H
#define BROKER_RECORDING_PLAYBACK_RECORDED_PICTURE_H

#include "broker/frame/frame.h"

/* A new, unsealed JPEG frame: the one that was the newest at at_ns (since the epoch). path: the folder of the
 * recordings. ERR_NOT_FOUND: there was none, or it was older than max_age_ns by then; others as the catalogue's. */
CHECKED enum err recorded_picture_read(const char *path, const char *camera_id, int64_t at_ns, int64_t max_age_ns,
                                       struct frame_pool *pool, struct frame **frame);

#endif
