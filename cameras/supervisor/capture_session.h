/* One capture session of a camera: opens the device, publishes its frames and closes it. */
#ifndef CAMERAS_SUPERVISOR_CAPTURE_SESSION_H
#define CAMERAS_SUPERVISOR_CAPTURE_SESSION_H

#include "cameras/supervisor/camera_private.h"

/* Blocks: until the session fails, or the camera has to end or has no viewers left. Never ERR_OK: ERR_INTERRUPTED in
 * the latter cases, anything else is a failure, with a reason. Threads: the supervisor's. */
CHECKED enum err capture_session_run(struct camera *camera, struct reason *reason);
/* Opens the device for one frame, which is not published, and closes it, while camera->probing is set. Blocks: until
 * there is one, or the camera has to end or gets a viewer (ERR_INTERRUPTED). Another error has a reason, or is one.
 * Threads: the supervisor's. */
CHECKED enum err capture_session_probe(struct camera *camera, struct reason *reason);

#endif
