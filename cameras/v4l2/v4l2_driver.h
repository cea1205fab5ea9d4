/* Cameras of the system: USB webcams, capture cards and whatever else has a /dev/video. */
#ifndef CAMERAS_V4L2_V4L2_DRIVER_H
#define CAMERAS_V4L2_V4L2_DRIVER_H

#include "cameras/driver.h"

/* Takes struct v4l2_settings. */
extern const struct driver_ops v4l2_driver;

#endif
