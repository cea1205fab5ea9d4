#include "web/mqtt/mqtt_picture.h"

#include "broker/base/clock.h"
#include "broker/subscriber.h"

/* A camera that comes and goes is no stream. */
#define PAUSE_NS NS_PER_S
#define OPENING_MAX_NS (10 * NS_PER_S)

void mqtt_picture_note_event(struct mqtt_picture *picture, const struct mqtt_settings *settings) {
    picture->is_due = picture->is_due || settings->pictures.when == MQTT_PICTURES_EVENTS;
}

void mqtt_picture_request(struct mqtt_picture *picture, struct topic *topic, struct inbox *inbox, int64_t now_ns) {
    const struct subscriber_settings settings = {.remote = "mqtt", .route = "mqtt", .is_internal = true};
    picture->is_due = true;
    picture->next_ns = 0;
    picture->gives_up_ns = now_ns + OPENING_MAX_NS;
    if (picture->subscriber == NULL && topic_state(topic) != STATE_LIVE &&
        subscriber_create(topic, inbox, &settings, &picture->subscriber) != ERR_OK) {
        picture->subscriber = NULL; /* the camera stays as it is, and so does its picture */
    }
}

void mqtt_picture_finish(struct mqtt_picture *picture) {
    if (picture->subscriber != NULL) {
        subscriber_destroy(&picture->subscriber);
    }
    picture->is_due = false;
}

static bool is_due(const struct mqtt_picture *picture, const struct mqtt_settings *settings, int64_t now_ns) {
    return (picture->is_due || settings->pictures.when == MQTT_PICTURES_INTERVAL) && now_ns >= picture->next_ns;
}

struct frame *mqtt_picture_take(struct mqtt_picture *picture, const struct mqtt_settings *settings, struct topic *topic,
                                int64_t now_ns) {
    if (!is_due(picture, settings, now_ns)) {
        return NULL;
    }
    bool is_live = topic_state(topic) == STATE_LIVE, awaits = picture->subscriber != NULL;
    struct frame *frame = is_live ? topic_newest(topic) : NULL;
    if (frame != NULL && frame_info(frame)->state == STATE_LIVE) {
        bool is_new = picture->is_due || frame_info(frame)->position != picture->sent_position;
        if (is_new) {
            return frame;
        }
    }
    frame_unref(&frame);
    if (!is_live && (!awaits || now_ns >= picture->gives_up_ns)) {
        mqtt_picture_finish(picture); /* too late: of the event there is no picture */
    }
    return NULL;
}

void mqtt_picture_note_sent(struct mqtt_picture *picture, const struct mqtt_settings *settings,
                            const struct frame *frame, int64_t now_ns) {
    mqtt_picture_finish(picture);
    picture->sent_position = frame_info(frame)->position;
    picture->next_ns =
        now_ns + (settings->pictures.when == MQTT_PICTURES_INTERVAL ? settings->pictures.interval_ns : PAUSE_NS);
}
