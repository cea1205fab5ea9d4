/* The signal of an HDMI or SDI input (V4L2: digital video timings). Cameras with a sensor have none of this.
 *
 * Threads: one at a time for each device. */
#ifndef CAMERAS_V4L2_V4L2_SIGNAL_H
#define CAMERAS_V4L2_V4L2_SIGNAL_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* From now on v4l2_signal_has_changed() reports changes, and fd polls as POLLPRI. Some devices do not support it. */
void v4l2_signal_watch(int fd);
/* Whether it has changed since the last call. */
bool v4l2_signal_has_changed(int fd);

/* Sets the device to the incoming signal, whose size goes to *width_px and *height_px; not while it streams. ERR_OK
 * with both untouched for a device that has no such input. ERR_NOT_FOUND: no signal; ERR_UNSUPPORTED; ERR_IO; with a
 * reason. */
CHECKED enum err v4l2_signal_follow(int fd, uint32_t *width_px, uint32_t *height_px, struct reason *reason);

#endif
