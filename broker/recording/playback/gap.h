/* Time in which nothing was recorded of a camera, and what draws a picture that says so, or why there is none
 * otherwise: a library of pictures, which stands above the broker. Plain data. */
#ifndef BROKER_RECORDING_PLAYBACK_GAP_H
#define BROKER_RECORDING_PLAYBACK_GAP_H

#include "broker/frame/frame.h"

#define GAP_REASON "nothing was recorded"

struct gap {
    const char *name;             /* of the camera; borrowed */
    const char *reason;           /* why there is no picture; NULL: GAP_REASON */
    int64_t since_realtime_ns;    /* when it began */
    uint32_t width_px, height_px; /* of the camera's pictures; 0: not known */
};

/* A new, unsealed JPEG frame. Threads: any. Blocks: for some ms of work. ERR_MEMORY and others: there is none. */
typedef enum err gap_draw(struct frame_pool *pool, const struct gap *gap, struct frame **jpeg);

#endif
