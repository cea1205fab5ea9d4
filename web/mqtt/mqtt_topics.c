#include "web/mqtt/mqtt_topics.h"

#include "broker/topic_settings.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void mqtt_topic(char topic[MQTT_TOPIC_BYTES], const char *prefix, const char *camera, const char *name) {
    snprintf(topic, MQTT_TOPIC_BYTES, "%s%s%s/%s", prefix, camera != NULL ? "/" : "", camera != NULL ? camera : "",
             name);
}

void mqtt_topic_of_discovery(char topic[MQTT_TOPIC_BYTES], const struct mqtt_settings *settings, const char *camera) {
    char id[MQTT_OBJECT_ID_BYTES];
    mqtt_object_id(id, settings->prefix, camera);
    snprintf(topic, MQTT_TOPIC_BYTES, "%s/device/%s/config", settings->discovery_prefix, id);
}

/* In the part before the camera, _ is followed by two digits or, once, at its end, by another _: so no two pairs give
 * the same id. Behind it, "_2E" is the dot of NODE.ID: ids of cameras have no upper case. */
void mqtt_object_id(char id[MQTT_OBJECT_ID_BYTES], const char *prefix, const char *camera) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    size_t used = 0;
    for (const char *c = prefix; *c != '\0'; c++) {
        bool is_plain = strchr(plain, *c) != NULL;
        used += (size_t)snprintf(id + used, MQTT_OBJECT_ID_BYTES - used, is_plain ? "%c" : "_%02x", (unsigned char)*c);
    }
    const char *dot = strchr(camera, '.');
    const int node_bytes = dot != NULL ? (int)(dot - camera) : 0;
    snprintf(id + used, MQTT_OBJECT_ID_BYTES - used, "__%.*s%s%s", node_bytes, camera, dot != NULL ? "_2E" : "",
             dot != NULL ? dot + 1 : camera);
}

/* ---- What arrives ---- */

static bool skip(const char **text, const char *beginning) {
    size_t count = strlen(beginning);
    bool has_it = strncmp(*text, beginning, count) == 0;
    *text += has_it ? count : 0;
    return has_it;
}

static bool is_text(const void *payload, size_t count, const char *text) {
    return count == strlen(text) && strncasecmp(payload, text, count) == 0;
}

static struct mqtt_message parse_switch(enum mqtt_arrival arrival, const void *payload, size_t count) {
    struct mqtt_message message = {.is_on = is_text(payload, count, "ON")};
    if (message.is_on || is_text(payload, count, "OFF")) {
        message.arrival = arrival;
    }
    return message;
}

/* name: behind the camera's id. */
static struct mqtt_message parse_of_camera(const char *name, const void *payload, size_t count, bool is_retained) {
    if (strcmp(name, "state") == 0) {
        return (struct mqtt_message){.arrival = is_retained && count > 0 ? MQTT_STATE_RETAINED : MQTT_NOTHING_KNOWN};
    }
    if (is_retained) {
        return (struct mqtt_message){.arrival = MQTT_NOTHING_KNOWN};
    }
    if (strcmp(name, "snapshot/set") == 0) {
        return (struct mqtt_message){.arrival = MQTT_SNAPSHOT_SET};
    }
    if (strcmp(name, "motion/set") == 0) {
        return parse_switch(MQTT_MOTION_SET, payload, count);
    }
    if (strcmp(name, "record/set") == 0) {
        return parse_switch(MQTT_RECORD_SET, payload, count);
    }
    return (struct mqtt_message){.arrival = MQTT_NOTHING_KNOWN};
}

static struct mqtt_message parse_below_prefix(const char *rest, const void *payload, size_t count, bool is_retained) {
    const struct mqtt_message nothing = {.arrival = MQTT_NOTHING_KNOWN};
    if (strcmp(rest, "server") == 0) {
        return (struct mqtt_message){.arrival = is_retained || count == 0 ? MQTT_NOTHING_KNOWN : MQTT_SERVER_NAMED};
    }
    const char *slash = strchr(rest, '/');
    struct string_view camera = {rest, slash != NULL ? (size_t)(slash - rest) : 0};
    if (slash == NULL || !string_view_is_camera_id(camera, TOPIC_ID_MAX_BYTES)) {
        return nothing;
    }
    struct mqtt_message message = parse_of_camera(slash + 1, payload, count, is_retained);
    memcpy(message.camera, camera.bytes, camera.count);
    return message.arrival != MQTT_NOTHING_KNOWN ? message : nothing;
}

struct mqtt_message mqtt_message_parse(const struct mqtt_settings *settings, const char *topic, const void *payload,
                                       size_t count, bool is_retained) {
    const char *rest = topic;
    if (settings->discovery_prefix[0] != '\0' && skip(&rest, settings->discovery_prefix) &&
        strcmp(rest, "/status") == 0) {
        bool is_online = !is_retained && is_text(payload, count, "online");
        return (struct mqtt_message){.arrival = is_online ? MQTT_HOME_ASSISTANT_ONLINE : MQTT_NOTHING_KNOWN};
    }
    rest = topic;
    if (skip(&rest, settings->prefix) && rest[0] == '/') {
        return parse_below_prefix(rest + 1, payload, count, is_retained);
    }
    return (struct mqtt_message){.arrival = MQTT_NOTHING_KNOWN};
}
