/* Finds the cameras of a Raspberry Pi for --init: those that rpicam-vid, or libcamera-vid as it was called before,
 * lists. Threads: one at a time. */
#ifndef CONFIG_STARTER_FIND_RPICAM_H
#define CONFIG_STARTER_FIND_RPICAM_H

#include "config/starter/found_cameras.h"

/* Without those on USB, which V4L2 has too. Blocks: for the time that the program takes, 5 s at most. */
void find_rpicam(struct found_cameras *cameras);

#endif
