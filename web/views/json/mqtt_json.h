/* JSON of the MQTT client.
 * Ownership: every text returned is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_VIEWS_JSON_MQTT_JSON_H
#define WEB_VIEWS_JSON_MQTT_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* {"healthy": true, "error": null, "restarts": 0} */
char *mqtt_health_render(bool healthy, const char *error, uint64_t restarts);

/* What Home Assistant is told of a camera. */
struct discovery_camera {
    const char *prefix, *object_id, *id, *name;
    const char *page_url; /* of the server; NULL: none */
    bool has_pictures;
    bool has_commands;
    bool has_motion;
    bool has_recording;
    bool is_local; /* not of another node, which has its own switches */
};

/* The discovery message of a device: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. Every
 * component that a camera may have is in it, those that this one does not have with their platform alone, which removes
 * them if they were there before. */
char *discovery_render(const struct discovery_camera *camera);

#endif
