/* The settings of the MQTT client, and their table.
 *
 * Ownership: everything belongs to the arena; each owner of the settings holds a reference to it. */
#ifndef WEB_MQTT_MQTT_SETTINGS_H
#define WEB_MQTT_MQTT_SETTINGS_H

#include "broker/base/arena.h"
#include "broker/settings/setting.h"

/* Of a prefix, so that every topic is far below MQTT's limit of 65535. */
#define MQTT_PREFIX_MAX_BYTES 128
#define MQTT_PICTURE_INTERVAL_MAX_S 86400

enum mqtt_moment { MQTT_PICTURES_EVENTS, MQTT_PICTURES_NEVER, MQTT_PICTURES_INTERVAL };

struct mqtt_pictures {
    enum mqtt_moment when;
    int64_t interval_ns;
};

struct mqtt_settings {
    const char *url;                 /* NULL: there is no client */
    const char *username, *password; /* NULL: those of the URL, if it has any */
    const char *prefix;
    const char *discovery_prefix; /* "": no discovery */
    const char *client_id;        /* NULL: a random one */
    const char *page_url;         /* NULL: devices have no link */
    const char *ca_file;          /* NULL: the system's authorities */
    const char *certificate, *private_key;
    struct mqtt_pictures pictures;
    bool commands;
    unsigned keepalive_s;
    struct arena *arena; /* borrowed */
};

/* Block 0: struct mqtt_settings. */
extern const struct setting_table mqtt_table;

/* Whether they are equal, wherever they are stored. */
bool mqtt_settings_equal(const struct mqtt_settings *a, const struct mqtt_settings *b);

#endif
