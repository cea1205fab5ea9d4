/* A camera: the supervisor thread that runs a driver and publishes what it gives into a topic. Private to cameras/;
 * others use fleet.h.
 *
 * It opens the driver when somebody watches and closes it when nobody does. A failure makes the camera offline, and it
 * is opened again after a while. What takes too long (a driver call, the next frame, the last viewer's return) is
 * noticed by the watchdog, so that the supervisor can stay in the driver without looking up.
 *
 * Threads: any, one at a time. */
#ifndef CAMERAS_CAMERA_H
#define CAMERAS_CAMERA_H

#include "broker/broker.h"
#include "cameras/driver.h"
#include "cameras/settings.h"
#include "cameras/watchdog.h"

struct camera;

/* How patient a camera is; every time in nanoseconds. */
struct camera_timing {
    int64_t open;        /* deadline for opening the device */
    int64_t first_frame; /* deadline for the first frame after that */
    int64_t next_frame;  /* deadline for each further one; longer for slow cameras */
    int64_t grace;       /* a driver that outstays its deadline by this long is interrupted */
    int64_t quick_start; /* a camera that starts within this time shows no placeholder */
    int64_t retry_first; /* wait after the first failure, doubled after each further one ... */
    int64_t retry_most;  /* ... up to this */
    int64_t steady;      /* a camera that has delivered for this long has recovered: the wait is the first again */
};
extern const struct camera_timing camera_usual_timing;

/* Adds a topic to the broker and starts a thread that serves it. broker, watchdog, driver and timing are borrowed;
 * settings is copied, but for what its source borrows. ERR_BUSY: the id is taken, or no thread could be started;
 * ERR_MEMORY. On failure nothing was added. */
CHECKED enum err camera_create(struct broker *broker, struct watchdog *watchdog, const struct driver_ops *driver,
                               const struct camera_timing *timing, const struct camera_settings *settings,
                               struct camera **camera, struct reason *reason);
/* Tells it to end soon, so that several can end at the same time. Does not block. */
void camera_interrupt(struct camera *camera);
/* Interrupts and frees it. Blocks: until the driver has returned, usually some ms. */
void camera_destroy(struct camera **camera);

#endif
