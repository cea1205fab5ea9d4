/* Watches the frames of one camera for motion: thins them, looks at them in the worker pool, and makes what the
 * detector finds known, in the topic's motion port and in the event log.
 *
 * Lifecycle: created with the camera; configured before the first frame and again when only this changes, while the
 * camera stays open; destroyed once the camera publishes nothing more. Without settings it costs one test a frame.
 *
 * Threads: motion_watch_wants() and motion_watch_look() are the publisher's; the others any. */
#ifndef CAMERAS_SUPERVISOR_MOTION_WATCH_H
#define CAMERAS_SUPERVISOR_MOTION_WATCH_H

#include "broker/base/arena.h"
#include "broker/broker.h"
#include "cameras/motion/motion_settings.h"

struct motion_watch;

/* broker and topic are borrowed. ERR_MEMORY. */
CHECKED enum err motion_watch_create(struct broker *broker, struct topic *topic, struct motion_watch **watch);
/* Ends events that last. Blocks: until a look that is under way has ended. */
void motion_watch_destroy(struct motion_watch **watch);
/* settings: borrowed from the arena, to which a reference is taken; NULL: the camera is not watched. An event that
 * lasts ends. */
void motion_watch_configure(struct motion_watch *watch, const struct motion_settings *settings, struct arena *arena);

/* Whether the frame that was captured then is one to look at. To be called for every frame, in order. */
bool motion_watch_wants(struct motion_watch *watch, int64_t captured_monotonic_ns);
/* Takes *picture, a raw frame as it was encoded, or a JPEG frame; it is looked at later, unless a newer one comes
 * first. Takes *jpeg, the published frame that shows it; NULL: picture itself. Blocks: no. */
void motion_watch_look(struct motion_watch *watch, struct frame **picture, struct frame **jpeg);
/* No frames come: an event that lasts ends, and the next frame is learnt anew. */
void motion_watch_pause(struct motion_watch *watch);

#endif
