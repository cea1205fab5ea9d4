#include "web/mqtt/mqtt_gone.h"

#include "web/mqtt/mqtt_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mqtt_gone_camera {
    char id[EVENT_LOG_CAMERA_BYTES];
    enum mqtt_value next; /* what is removed next */
    STAILQ_ENTRY(mqtt_gone_camera) in_gone;
};

void mqtt_gone_init(struct mqtt_gone *gone) {
    STAILQ_INIT(&gone->cameras);
    gone->count = 0;
}

static struct mqtt_gone_camera *find_gone(struct mqtt_gone *gone, const char *id) {
    struct mqtt_gone_camera *camera;
    STAILQ_FOREACH (camera, &gone->cameras, in_gone) {
        if (strcmp(camera->id, id) == 0) {
            return camera;
        }
    }
    return NULL;
}

void mqtt_gone_add(struct mqtt_gone *gone, const char *id) {
    bool is_skipped = gone->count == MQTT_GONE_MAX || find_gone(gone, id) != NULL;
    struct mqtt_gone_camera *camera = is_skipped ? NULL : calloc(1, sizeof *camera);
    if (camera != NULL) {
        snprintf(camera->id, sizeof camera->id, "%s", id);
        STAILQ_INSERT_TAIL(&gone->cameras, camera, in_gone);
        gone->count++;
    }
}

static void drop(struct mqtt_gone *gone, struct mqtt_gone_camera *camera) {
    STAILQ_REMOVE(&gone->cameras, camera, mqtt_gone_camera, in_gone);
    gone->count--;
    free(camera);
}

void mqtt_gone_keep(struct mqtt_gone *gone, const char *id) {
    struct mqtt_gone_camera *camera = find_gone(gone, id);
    if (camera != NULL) {
        drop(gone, camera);
    }
}

void mqtt_gone_clear(struct mqtt_gone *gone) {
    while (!STAILQ_EMPTY(&gone->cameras)) {
        drop(gone, STAILQ_FIRST(&gone->cameras));
    }
}

enum err mqtt_gone_send(struct mqtt_gone *gone, const struct mqtt_settings *settings, struct mqtt_link *link) {
    while (!STAILQ_EMPTY(&gone->cameras)) {
        struct mqtt_gone_camera *camera = STAILQ_FIRST(&gone->cameras);
        for (; camera->next < MQTT_VALUES; camera->next++) {
            char topic[MQTT_TOPIC_BYTES];
            bool has_topic = mqtt_value_topic(topic, settings, camera->id, camera->next);
            enum err error = has_topic ? mqtt_link_publish(link, topic, NULL, 0) : ERR_OK;
            if (error != ERR_OK) {
                return error;
            }
        }
        drop(gone, camera);
    }
    return ERR_OK;
}
