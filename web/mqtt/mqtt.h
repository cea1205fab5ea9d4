/* The MQTT client: publishes the state of each camera to a broker, for Home Assistant and everything else that speaks
 * MQTT, and obeys commands where the settings allow them.
 *
 * One thread reads the broker's event log and keeps the connection, which it tries again for ever, with growing pauses.
 * The log has a line for each change of the connection, and shows no part of the login.
 *
 * Lifecycle: start; stop, before the broker is destroyed. Without it there is no thread, and libmosquitto sleeps.
 * Threads: any, one at a time. */
#ifndef WEB_MQTT_MQTT_H
#define WEB_MQTT_MQTT_H

#include "broker/broker.h"
#include "broker/recording/recorder_types.h"
#include "web/mqtt/mqtt_health.h"
#include "web/mqtt/mqtt_settings.h"

struct mqtt;

/* Refers to the settings' arena; recorder (NULL: nothing is recorded) and health are borrowed. ERR_MEMORY, ERR_BUSY: no
 * thread or descriptor. */
CHECKED enum err mqtt_start(const struct mqtt_settings *settings, struct broker *broker, struct recorder *recorder,
                            struct mqtt_health *health, struct mqtt **mqtt);
/* Takes leave of the broker. Blocks: 1 s at most. */
void mqtt_stop(struct mqtt **mqtt);
/* Borrowed. */
const struct mqtt_settings *mqtt_settings_of(const struct mqtt *mqtt);

#endif
