/* A camera: the supervisor thread that runs a driver and publishes its frames into a topic. Private to cameras/; others
 * use camera_manager.h.
 *
 * The driver is open while the camera has viewers. A failure takes the camera offline, and it is reopened after a
 * back-off. The watchdog notices what takes too long (a driver call, the next frame, the return of a viewer), so that
 * the supervisor can block in the driver.
 *
 * Threads: any, one at a time. */
#ifndef CAMERAS_SUPERVISOR_CAMERA_H
#define CAMERAS_SUPERVISOR_CAMERA_H

#include "broker/broker.h"
#include "cameras/driver.h"
#include "cameras/settings.h"
#include "cameras/supervisor/camera_timing.h"
#include "cameras/supervisor/watchdog.h"

struct camera;

/* What cameras share; all of it is borrowed. */
struct camera_shared {
    struct broker *broker;
    struct watchdog *watchdog;
    const struct camera_timing *timing;
};

/* Creates the thread, which does nothing before camera_begin(). driver is borrowed; settings are copied with a
 * reference to their arena; the camera takes a reference to topic. ERR_BUSY: no thread is left; ERR_MEMORY. */
CHECKED enum err camera_create(const struct camera_shared *shared, const struct driver_ops *driver,
                               const struct camera_settings *settings, struct topic *topic, struct camera **camera);
/* Starts to serve the topic once its previous camera has ended: *predecessor is taken, may be NULL, and is interrupted
 * already. Sequences continue. Blocks: no. */
void camera_begin(struct camera *camera, struct camera **predecessor);
/* Applies what can change while it is open, of settings that are equal otherwise. Blocks: no. */
void camera_change_live(struct camera *camera, const struct camera_settings *settings);
/* Ends it soon; several can end at the same time. Blocks: no. */
void camera_interrupt(struct camera *camera);
/* Blocks: until it has ended (true), or until deadline_ns (monotonic). An interrupted camera ends when its driver
 * returns, usually within some ms. */
CHECKED bool camera_await_end(struct camera *camera, int64_t deadline_ns);
/* Interrupts and frees it. Blocks: until it has ended. */
void camera_destroy(struct camera **camera);

#endif
