/* "mqtt".
 * Threads: one at a time. */
#ifndef CONFIG_MQTT_SECTION_H
#define CONFIG_MQTT_SECTION_H

#include "config/configuration.h"
#include "config/json/section.h"

void mqtt_section_read(const struct node *node, struct config *config);

#endif
