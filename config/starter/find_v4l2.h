/* Finds the V4L2 cameras of this machine for --init.
 * Threads: one at a time. */
#ifndef CONFIG_STARTER_FIND_V4L2_H
#define CONFIG_STARTER_FIND_V4L2_H

#include "config/starter/found_cameras.h"

#include <stdbool.h>

/* Each with its stable path, and of its sizes the largest up to 1280x720 that has 15 frames a second. skip_platform:
 * without those that are part of the board, which the camera's program uses itself. */
void find_v4l2(struct found_cameras *cameras, bool skip_platform);

#endif
