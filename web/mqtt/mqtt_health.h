/* How the connection to the MQTT broker is: for status and metrics. Outlives the client, which a reload may replace.
 * Threads: any. */
#ifndef WEB_MQTT_MQTT_HEALTH_H
#define WEB_MQTT_MQTT_HEALTH_H

#include "broker/base/sync.h"

enum mqtt_state {
    MQTT_OFF,        /* not configured */
    MQTT_CONNECTING, /* for the first time */
    MQTT_CONNECTED,
    MQTT_OFFLINE, /* the last attempt failed, or the connection was lost; it is tried again */
};

/* "off", "connecting", "connected" or "offline". Static. */
const char *mqtt_state_name(enum mqtt_state state);

/* What is counted. */
enum mqtt_count {
    MQTT_COUNT_CONNECTIONS,
    MQTT_COUNT_FAILURES,  /* of attempts and of connections */
    MQTT_COUNT_PUBLISHED, /* messages that the broker has taken */
    MQTT_COUNT_REFUSED,   /* messages and subscriptions that it has not */
    MQTT_COUNTS,
};

/* Plain data of one moment. None of the counters decreases. */
struct mqtt_figures {
    enum mqtt_state state;
    struct reason error; /* "": none */
    uint64_t counts[MQTT_COUNTS];
};

struct mqtt_health {
    struct lock lock;
    struct mqtt_figures figures GUARDED_BY(lock);
};

void mqtt_health_init(struct mqtt_health *health);
void mqtt_health_finish(struct mqtt_health *health);
struct mqtt_figures mqtt_health_read(struct mqtt_health *health);
/* error: "": none. False if both are as before. */
bool mqtt_health_set(struct mqtt_health *health, enum mqtt_state state, const char *error);
void mqtt_health_count(struct mqtt_health *health, enum mqtt_count what);

#endif
