/* A camera: the supervisor thread that runs a driver and publishes what it gives into a topic.
 *
 * It opens the driver when somebody watches, closes it when nobody does, and opens it again after a failure (0.25 s
 * later, then twice as long each time up to 5 s, with jitter). Raw frames go through the worker pool to become JPEG.
 * While the camera is not live its viewers are sent a placeholder picture. A watchdog thread, one for all cameras,
 * tells which live ones went stale and interrupts a driver that outstays its deadline.
 *
 * Threads: any, one at a time. */
#ifndef CAMERAS_CAMERA_H
#define CAMERAS_CAMERA_H

#include "broker/broker.h"
#include "cameras/settings.h"

struct fleet;

/* The cameras of one broker, and their watchdog. */
CHECKED enum err fleet_create(struct broker *broker, struct fleet **fleet);
/* Adds a topic to the broker and a thread that serves it. settings is copied, but for what source borrows.
 * ERR_BUSY: the id is taken; ERR_MEMORY. On failure nothing was added. */
CHECKED enum err fleet_add(struct fleet *fleet, const struct camera_settings *settings, struct reason *reason);
/* Interrupts every camera, then joins and frees them all. Blocks: until the drivers return, usually some ms. */
void fleet_destroy(struct fleet **fleet);

#endif
