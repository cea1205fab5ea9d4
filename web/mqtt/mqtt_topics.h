/* Names of topics (MQTT 5.0, section 4.7) and of Home Assistant's objects, and what arrives on them.
 *
 *     PREFIX/status                            online, or offline (the will)
 *     PREFIX/server                            which server publishes below the prefix
 *     PREFIX/CAMERA/...                        what is known of a camera, see mqtt_values.h
 *     PREFIX/CAMERA/{motion,record,snapshot}/set          commands
 *     DISCOVERY_PREFIX/device/OBJECT/config    a camera's discovery message
 *     DISCOVERY_PREFIX/status                  Home Assistant comes and goes
 *
 * Pure. Threads: any. */
#ifndef WEB_MQTT_MQTT_TOPICS_H
#define WEB_MQTT_MQTT_TOPICS_H

#include "broker/event_log.h"
#include "web/mqtt/mqtt_settings.h"

#define MQTT_OBJECT_ID_BYTES (3 * MQTT_PREFIX_MAX_BYTES + sizeof "___2E" + EVENT_LOG_CAMERA_BYTES)
#define MQTT_TOPIC_BYTES (MQTT_PREFIX_MAX_BYTES + MQTT_OBJECT_ID_BYTES + 64)

/* PREFIX/CAMERA/NAME, or PREFIX/NAME for camera NULL. */
void mqtt_topic(char topic[MQTT_TOPIC_BYTES], const char *prefix, const char *camera, const char *name);
void mqtt_topic_of_discovery(char topic[MQTT_TOPIC_BYTES], const struct mqtt_settings *settings, const char *camera);

/* The camera's id for Home Assistant, [A-Za-z0-9_-]+, different for every pair of prefix and camera. */
void mqtt_object_id(char id[MQTT_OBJECT_ID_BYTES], const char *prefix, const char *camera);

enum mqtt_arrival {
    MQTT_NOTHING_KNOWN,
    MQTT_HOME_ASSISTANT_ONLINE,
    MQTT_SERVER_NAMED,   /* by itself or another one */
    MQTT_STATE_RETAINED, /* of a camera, perhaps one that is no more */
    MQTT_MOTION_SET,     /* is_on */
    MQTT_RECORD_SET,     /* is_on */
    MQTT_SNAPSHOT_SET,
};

struct mqtt_message {
    enum mqtt_arrival arrival;
    char camera[EVENT_LOG_CAMERA_BYTES]; /* well-formed, but there need not be one of that id; "": none */
    bool is_on;
};

/* What has arrived: a topic, and count bytes that may be anything. Commands that the broker had retained are nothing:
 * they are of the past. */
struct mqtt_message mqtt_message_parse(const struct mqtt_settings *settings, const char *topic, const void *payload,
                                       size_t count, bool is_retained);

#endif
