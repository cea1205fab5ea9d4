#include "config/mqtt_section.h"

#include "broker/base/clock.h"
#include "config/json/settings_reader.h"

#include <string.h>

static const char *const moments[] = {[MQTT_PICTURES_EVENTS] = "events", [MQTT_PICTURES_NEVER] = "never"};
#define MOMENTS (sizeof moments / sizeof moments[0])

static void read_pictures(const struct node *node, struct mqtt_pictures *pictures) {
    double seconds;
    if (json_is_number(node->json)) {
        if (node_number(node, 1, MQTT_PICTURE_INTERVAL_MAX_S, &seconds)) {
            *pictures = (struct mqtt_pictures){MQTT_PICTURES_INTERVAL, (int64_t)(seconds * (double)NS_PER_S)};
        }
        return;
    }
    const char *text = node_text(node);
    for (size_t i = 0; i < MOMENTS && text != NULL; i++) {
        if (strcmp(text, moments[i]) == 0) {
            pictures->when = (enum mqtt_moment)i;
            return;
        }
    }
    if (text != NULL) {
        node_fault_choice(node, "unknown choice of pictures", moments, MOMENTS);
    }
}

void mqtt_section_read(const struct node *node, struct config *config) {
    struct mqtt_settings *mqtt = &config->server.mqtt;
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    settings_set_defaults(&mqtt_table, (void *const[]){mqtt});
    mqtt->arena = config->arena;
    settings_read(&section, &mqtt_table, (void *const[]){mqtt});
    struct node member;
    if (node_find(node, "pictures", &member)) {
        read_pictures(&member, &mqtt->pictures);
    }
    settings_finish(&section, &mqtt_table, (void *const[]){mqtt});
}
