/* What the watchdog checks about a camera: the driver call under way, the demand, the placeholder for starting, and the
 * age of the newest frame. */
#ifndef CAMERAS_SUPERVISOR_CAMERA_WATCH_H
#define CAMERAS_SUPERVISOR_CAMERA_WATCH_H

#include <stdint.h>

/* A watchdog_check. */
int64_t camera_watch_check(void *camera, int64_t now_ns);

#endif
