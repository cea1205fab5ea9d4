/* When the picture of one camera is published: at events, by an interval, or on command, for which a camera that is
 * idle is opened. What waits is no picture but the intention: the newest one is taken when there is room to send it.
 *
 * Threads: one at a time. */
#ifndef WEB_MQTT_MQTT_PICTURE_H
#define WEB_MQTT_MQTT_PICTURE_H

#include "broker/frame/frame.h"
#include "broker/inbox.h"
#include "broker/topic.h"
#include "web/mqtt/mqtt_settings.h"

struct mqtt_picture {
    bool is_due;
    uint64_t sent_position;        /* of the frame that was sent last */
    int64_t next_ns;               /* not sent before this */
    struct subscriber *subscriber; /* opens the camera; NULL: nothing is awaited */
    int64_t gives_up_ns;
};

/* Something has happened of which there is to be a picture. */
void mqtt_picture_note_event(struct mqtt_picture *picture, const struct mqtt_settings *settings);
/* A picture is to be sent whatever the settings are. Opens the camera, and inbox becomes readable once it has one. */
void mqtt_picture_request(struct mqtt_picture *picture, struct topic *topic, struct inbox *inbox, int64_t now_ns);
/* The picture to send now, a new reference; NULL: none. */
struct frame *mqtt_picture_take(struct mqtt_picture *picture, const struct mqtt_settings *settings, struct topic *topic,
                                int64_t now_ns);
void mqtt_picture_note_sent(struct mqtt_picture *picture, const struct mqtt_settings *settings,
                            const struct frame *frame, int64_t now_ns);
/* Awaits nothing any more. */
void mqtt_picture_finish(struct mqtt_picture *picture);

#endif
