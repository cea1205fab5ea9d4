#include "web/mqtt/mqtt_health.h"

#include <string.h>

const char *mqtt_state_name(enum mqtt_state state) {
    switch (state) {
    case MQTT_OFF: return "off";
    case MQTT_CONNECTING: return "connecting";
    case MQTT_CONNECTED: return "connected";
    case MQTT_OFFLINE: return "offline";
    }
    return "off";
}

void mqtt_health_init(struct mqtt_health *health) {
    lock_init(&health->lock);
    health->figures = (struct mqtt_figures){.state = MQTT_OFF};
}

void mqtt_health_finish(struct mqtt_health *health) { lock_finish(&health->lock); }

struct mqtt_figures mqtt_health_read(struct mqtt_health *health) {
    lock_acquire(&health->lock);
    struct mqtt_figures figures = health->figures;
    lock_release(&health->lock);
    return figures;
}

bool mqtt_health_set(struct mqtt_health *health, enum mqtt_state state, const char *error) {
    struct reason reason;
    reason_set(&reason, "%s", error);
    lock_acquire(&health->lock);
    struct mqtt_figures *figures = &health->figures;
    bool changes = figures->state != state || strcmp(figures->error.text, reason.text) != 0;
    figures->state = state;
    figures->error = reason;
    lock_release(&health->lock);
    return changes;
}

void mqtt_health_count(struct mqtt_health *health, enum mqtt_count what) {
    lock_acquire(&health->lock);
    health->figures.counts[what]++;
    lock_release(&health->lock);
}
