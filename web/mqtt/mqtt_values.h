/* What the topics of one camera are to hold, what the broker holds already, and so what there is to send: the newest
 * value of each topic, and none that repeats what was sent.
 *
 * The frame rate is rounded, and a change that is mere noise is none; a camera that starts is as healthy as it was
 * before. Pure.
 *
 * Threads: one at a time. */
#ifndef WEB_MQTT_MQTT_VALUES_H
#define WEB_MQTT_MQTT_VALUES_H

#include "broker/topic_snapshot.h"
#include "web/mqtt/mqtt_topics.h"

/* In the order in which they are sent, and removed: as long as the state is there, a server that starts finds a camera
 * that went meanwhile. */
enum mqtt_value {
    MQTT_VALUE_CONFIG, /* the discovery message */
    MQTT_VALUE_HEALTH,
    MQTT_VALUE_MOTION,           /* of a camera that is watched for it: ON while something moves */
    MQTT_VALUE_MOTION_ACTIVE,    /* ON while it is not switched off, and its hours have it so */
    MQTT_VALUE_RECORDING,        /* of a camera that is recorded: "recording", "waiting", "off", "full" or "failed" */
    MQTT_VALUE_RECORDING_ACTIVE, /* OFF while it is switched off */
    MQTT_VALUE_FPS,
    MQTT_VALUE_VIEWERS,
    MQTT_VALUE_PICTURE, /* not kept here: only a name to remove */
    MQTT_VALUE_STATE,
    MQTT_VALUES,
};

/* The topic of a camera's value. False: there is none, without discovery. */
bool mqtt_value_topic(char topic[MQTT_TOPIC_BYTES], const struct mqtt_settings *settings, const char *camera,
                      enum mqtt_value value);

struct mqtt_values {
    struct {
        char *wanted;        /* NULL: nothing */
        uint64_t hash, sent; /* of what is wanted, and of what was sent; 0: not known */
    } values[MQTT_VALUES];
    double shown_fps;
    bool is_healthy;
};

void mqtt_values_init(struct mqtt_values *values);
void mqtt_values_finish(struct mqtt_values *values);

/* Takes everything from what a camera is now, but for the discovery message and the recording, and for the viewers
 * where the snapshot is brief. Values that memory does not suffice for stay as they were. */
void mqtt_values_update(struct mqtt_values *values, const struct topic_snapshot *camera);
/* What its recording is like; NULL: it is not recorded. */
void mqtt_values_note_recording(struct mqtt_values *values, const char *word, bool is_active);
/* Motion has begun, whatever the camera is by now. */
void mqtt_values_note_motion(struct mqtt_values *values);
/* Takes text, which may be NULL: then nothing changes. */
void mqtt_values_set(struct mqtt_values *values, enum mqtt_value value, char *text);
/* The next value to send; MQTT_VALUES: none. */
enum mqtt_value mqtt_values_next(const struct mqtt_values *values);
const char *mqtt_values_wanted(const struct mqtt_values *values, enum mqtt_value value);
void mqtt_values_note_sent(struct mqtt_values *values, enum mqtt_value value);
/* The broker may have lost it. */
void mqtt_values_forget_sent(struct mqtt_values *values, enum mqtt_value value);

#endif
