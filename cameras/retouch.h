/* What is done to raw pictures before they are encoded: they are turned and mirrored, and the camera's name and the
 * time of capture are written into them. All of it in the picture's own samples, without a trip through RGB.
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_RETOUCH_H
#define CAMERAS_RETOUCH_H

#include "broker/frame.h"
#include "cameras/settings.h"

struct retouch;

/* Whether there is anything to do. */
bool retouch_is_wanted(const struct retouch_settings *settings);

/* settings, pool and name are borrowed. ERR_MEMORY. */
CHECKED enum err retouch_create(struct frame_pool *pool, const struct retouch_settings *settings, const char *name,
                                struct retouch **retouch);
void retouch_destroy(struct retouch **retouch);

/* *raw: unsealed and not shared; it may be replaced by another frame, which is 4:2:0 or grey then. On failure (those of
 * raw_picture_init(), and ERR_MEMORY) it stays as it was. */
CHECKED enum err retouch_apply(struct retouch *retouch, struct frame **raw);

#endif
