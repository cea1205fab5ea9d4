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

/* What cameras share; all of it is borrowed. */
struct camera_means {
    struct broker *broker;
    struct watchdog *watchdog;
    const struct camera_timing *timing;
};

/* A thread that will serve the topic and does nothing before camera_begin(). driver is borrowed; settings are copied
 * with a reference to their storage; topic gets another reference. ERR_BUSY: no thread could be started; ERR_MEMORY. */
CHECKED enum err camera_create(const struct camera_means *means, const struct driver_ops *driver,
                               const struct camera_settings *settings, struct topic *topic, struct camera **camera);
/* Lets it serve, once the camera that has served this topic before has ended: *predecessor is taken, may be NULL, and
 * has been interrupted. Sequences go on where they were. Does not block. */
void camera_begin(struct camera *camera, struct camera **predecessor);
/* Tells it to end soon, so that several can end at the same time. Does not block. */
void camera_interrupt(struct camera *camera);
/* Blocks: until it has ended (true), or until deadline_ns (monotonic). An interrupted camera ends when its driver
 * returns, usually within some ms. */
CHECKED bool camera_await_end(struct camera *camera, int64_t deadline_ns);
/* Interrupts and frees it. Blocks: until it has ended. */
void camera_destroy(struct camera **camera);

#endif
