/* The way of a frame from the driver to the topic, for one opening of a camera: JPEG is checked and published at once,
 * raw pictures go through the worker pool to become JPEG first.
 *
 * Lifecycle: created when the device has been opened, destroyed before it is closed: no frame of it is published
 * after that.
 * Threads: the camera's. */
#ifndef CAMERAS_INTAKE_H
#define CAMERAS_INTAKE_H

#include "broker/broker.h"
#include "cameras/settings.h"

struct intake;

/* settings: how raw pictures become JPEG. Everything is borrowed. ERR_MEMORY. */
CHECKED enum err intake_create(struct broker *broker, struct topic *topic, const struct source_settings *settings,
                               struct intake **intake);
/* Drops a raw picture that still waits. Blocks: until one that is being encoded is published. */
void intake_destroy(struct intake **intake);

/* Takes *frame, whose info is complete but for the topic's part. after_gap: frames were lost just before it.
 * ERR_INVALID: it is broken, or of a kind that browsers do not show; this has been counted, and reason says how.
 * ERR_MEMORY. */
CHECKED enum err intake_take(struct intake *intake, struct frame **frame, bool after_gap, struct reason *reason);
/* Counts a frame as broken that never came: the driver has seen it. */
void intake_reject(struct intake *intake);
/* How many frames in a row were broken; what the workers find shows up later. */
unsigned intake_broken_in_a_row(const struct intake *intake);

#endif
