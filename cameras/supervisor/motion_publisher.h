/* What the detector finds, in the broker's terms. Private to motion_watch.c.
 * Threads: one at a time. */
#ifndef CAMERAS_SUPERVISOR_MOTION_PUBLISHER_H
#define CAMERAS_SUPERVISOR_MOTION_PUBLISHER_H

#include "broker/motion_port.h"
#include "broker/topic.h"
#include "cameras/motion/motion_events.h"

/* Where events go. */
struct motion_publisher {
    struct topic *topic;
    struct event_log *event_log;
    struct frame *jpeg; /* of the picture that is being fed, borrowed; NULL: none */
};

/* A motion_report function; user: struct motion_publisher. Publishes the event, and keeps its picture. */
void motion_publisher_report(void *user, enum motion_change change, const struct motion_event *event);

/* layout->arena is borrowed. */
void motion_publisher_layout(const struct motion_settings *settings, struct arena *arena, struct motion_layout *layout);
/* But for the cells, and for what is moving. */
void motion_publisher_sight(const struct detector_result *result, struct motion_sight *sight);

#endif
