/* Takes the frames of one capture session from the driver to the topic: JPEG is checked, rotated, masked
 * and written into as the settings want it, and published at once; raw pictures go through the worker pool to become
 * JPEG first. Where the settings want nothing, a JPEG frame is published as the driver has made it.
 *
 * Lifecycle: created when the device has been opened, destroyed before it is closed: no frame of it is published
 * after that.
 * Threads: the camera's. */
#ifndef CAMERAS_SUPERVISOR_INGEST_H
#define CAMERAS_SUPERVISOR_INGEST_H

#include "broker/base/sync.h"
#include "broker/broker.h"
#include "cameras/settings.h"
#include "cameras/supervisor/motion_watch.h"

struct ingest;

/* settings: what is done to pictures, and how raw ones become JPEG. generation: of the frames, see
 * topic_begin_generation(). motion: looks at what is published. cancel: ends the work on a frame when it is set.
 * Everything is borrowed. ERR_MEMORY. */
CHECKED enum err ingest_create(struct broker *broker, struct topic *topic, const struct camera_settings *settings,
                               uint64_t generation, struct motion_watch *motion, struct event *cancel,
                               struct ingest **ingest);
/* Drops a raw picture that still waits. Blocks: until one that is being encoded is published. */
void ingest_destroy(struct ingest **ingest);

/* Takes *frame, whose info is complete but for the topic's part. after_gap: frames were lost just before it.
 * ERR_INVALID: it is broken, of a kind that browsers do not show, or cannot be masked or rotated as it has to be; this
 * has been counted; with a reason.
 * ERR_MEMORY; ERR_INTERRUPTED: cancelled. */
CHECKED enum err ingest_take(struct ingest *ingest, struct frame **frame, bool after_gap, struct reason *reason);
/* Counts a broken frame that the driver has dropped. */
void ingest_reject(struct ingest *ingest);
/* How many frames in a row were broken; what the workers find shows up later. */
unsigned ingest_broken_in_a_row(const struct ingest *ingest);

#endif
