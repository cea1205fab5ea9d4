/* The address of an MQTT broker: mqtt://[user[:password]@]host[:port], or mqtts.
 * Threads: any. */
#ifndef WEB_MQTT_MQTT_ADDRESS_H
#define WEB_MQTT_MQTT_ADDRESS_H

#include "broker/base/err.h"
#include "web/http/authority.h"

#include <stdbool.h>
#include <stdint.h>

#define MQTT_USERNAME_MAX_BYTES 255
#define MQTT_PASSWORD_MAX_BYTES 4095 /* some are signed tokens */
#define MQTT_LABEL_BYTES (AUTHORITY_HOST_MAX_BYTES + sizeof "mqtts://[]:65535")

struct mqtt_address {
    bool has_tls;
    bool has_username, has_password;
    char host[AUTHORITY_HOST_MAX_BYTES + 1]; /* an IPv6 address without its brackets */
    uint16_t port;
    char username[MQTT_USERNAME_MAX_BYTES + 1];
    char password[MQTT_PASSWORD_MAX_BYTES + 1];
    char label[MQTT_LABEL_BYTES]; /* what may be shown: "mqtts://broker.example.org:8883" */
};

/* The login ends at the last @ of the URL, so that one that was not percent-encoded does as little harm as possible.
 * ERR_INVALID with a reason, which quotes nothing of the URL. */
CHECKED enum err mqtt_address_parse(const char *url, struct mqtt_address *address, struct reason *reason);

#endif
