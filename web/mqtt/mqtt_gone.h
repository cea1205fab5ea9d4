/* Cameras that are no more, of which the broker still has topics: what is to be removed, topic by topic.
 *
 * Threads: one at a time. */
#ifndef WEB_MQTT_MQTT_GONE_H
#define WEB_MQTT_MQTT_GONE_H

#include "web/mqtt/mqtt_link.h"

#include <sys/queue.h>

/* More than cameras of a configuration: what a broker sends is bounded. */
#define MQTT_GONE_MAX 2000

struct mqtt_gone {
    STAILQ_HEAD(, mqtt_gone_camera) cameras;
    size_t count;
};

void mqtt_gone_init(struct mqtt_gone *gone);
/* Everything of this camera is to be removed. Skipped if memory runs out, or there are too many. */
void mqtt_gone_add(struct mqtt_gone *gone, const char *camera);
/* The camera is back: what is not removed yet stays. */
void mqtt_gone_keep(struct mqtt_gone *gone, const char *camera);
void mqtt_gone_clear(struct mqtt_gone *gone);
/* Removes as much as there is room for. ERR_OK: all of it; others as mqtt_link_publish(). */
CHECKED enum err mqtt_gone_send(struct mqtt_gone *gone, const struct mqtt_settings *settings, struct mqtt_link *link);

#endif
