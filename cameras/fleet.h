/* The cameras of one broker, and the watchdog that they share.
 *
 * Lifecycle: create; add the cameras; ...; destroy before the broker.
 * Threads: any, one at a time. */
#ifndef CAMERAS_FLEET_H
#define CAMERAS_FLEET_H

#include "broker/broker.h"
#include "cameras/settings.h"

struct fleet;

/* broker is borrowed. ERR_MEMORY; ERR_BUSY: no thread could be started. */
CHECKED enum err fleet_create(struct broker *broker, struct fleet **fleet);
/* Adds a topic to the broker and a thread that serves it. settings is copied, but for what source borrows.
 * ERR_BUSY: the id is taken, or no thread could be started; ERR_MEMORY. On failure nothing was added. */
CHECKED enum err fleet_add(struct fleet *fleet, const struct camera_settings *settings, struct reason *reason);
/* Interrupts every camera, then joins and frees them all. Blocks: until the drivers return, usually some ms. */
void fleet_destroy(struct fleet **fleet);

#endif
