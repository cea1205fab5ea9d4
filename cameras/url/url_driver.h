/* Cameras on the network, and video files: JPEG over HTTP by itself, and anything that FFmpeg's libraries open. */
#ifndef CAMERAS_URL_URL_DRIVER_H
#define CAMERAS_URL_URL_DRIVER_H

#include "cameras/driver.h"

/* Takes struct url_settings. */
extern const struct driver_ops url_driver;

#endif
