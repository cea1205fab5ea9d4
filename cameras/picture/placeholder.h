/* The picture that viewers get while a camera is not live: its name, the state, since when, and why.
 *
 * Threads: any; nothing is kept between two pictures. */
#ifndef CAMERAS_PICTURE_PLACEHOLDER_H
#define CAMERAS_PICTURE_PLACEHOLDER_H

#include "broker/frame/frame.h"

struct placeholder {
    const char *name; /* of the camera, UTF-8 */
    enum camera_state state;
    int64_t since_realtime_ns;
    const char *error; /* NULL or "": none */
    uint32_t width_px, height_px;
};

/* Draws it as a raw frame, with the current time as capture time. Readable from 160x120 up. Returns a new
 * reference. ERR_MEMORY. */
CHECKED enum err placeholder_draw(struct frame_pool *pool, const struct placeholder *placeholder, struct frame **raw);

#endif
