#include "web/views/json/mqtt_json.h"

#include "web/views/json/json_values.h"

#include <stdio.h>
#include <string.h>

#define TOPIC_BYTES 512

char *mqtt_health_render(bool healthy, const char *error, uint64_t restarts) {
    return json_render(json_pack("{s:b, s:o, s:o}", "healthy", healthy, "error", text_or_null(error), "restarts",
                                 count_json(restarts)));
}

/* ---- Components ---- */

enum need { ALWAYS = 0, PICTURES = 1, COMMANDS = 2, MOTION = 4, RECORDING = 8, LOCAL = 16 };

/* What a camera has for Home Assistant. */
struct component {
    const char *key, *platform, *name;
    unsigned needs;
    const char *topics[5];  /* a key and the name below the camera's own topics, ..., NULL */
    const char *members[9]; /* a key and its text, ..., NULL */
};

#define DIAGNOSTIC "entity_category", "diagnostic"

/* clang-format off */
static const struct component components[] = {
    {"connectivity", "binary_sensor", "Connection", ALWAYS,
     {"state_topic", "health", "json_attributes_topic", "health"},
     {"device_class", "connectivity", "value_template", "{{ 'ON' if value_json.healthy else 'OFF' }}", DIAGNOSTIC}},
    {"state", "sensor", "State", ALWAYS, {"state_topic", "state"}, {"icon", "mdi:cctv", DIAGNOSTIC}},
    {"motion", "binary_sensor", "Motion", MOTION, {"state_topic", "motion"}, {"device_class", "motion"}},
    {"motion_set", "switch", "Motion detection", MOTION | COMMANDS | LOCAL,
     {"state_topic", "motion/active", "command_topic", "motion/set"}, {"icon", "mdi:motion-sensor"}},
    {"recording", "sensor", "Recording", RECORDING, {"state_topic", "recording"}, {"icon", "mdi:record-rec", DIAGNOSTIC}},
    {"record_set", "switch", "Record", RECORDING | COMMANDS,
     {"state_topic", "recording/active", "command_topic", "record/set"}, {"icon", "mdi:record-rec"}},
    {"fps", "sensor", "Frame rate", ALWAYS, {"state_topic", "fps"},
     {"unit_of_measurement", "fps", "state_class", "measurement", "icon", "mdi:speedometer", DIAGNOSTIC}},
    {"viewers", "sensor", "Viewers", ALWAYS, {"state_topic", "viewers"},
     {"unit_of_measurement", "viewers", "state_class", "measurement", "icon", "mdi:eye"}},
    {"snapshot", "camera", "Snapshot", PICTURES, {"topic", "snapshot"}, {NULL}},
    {"snapshot_set", "button", "Take snapshot", PICTURES | COMMANDS, {"command_topic", "snapshot/set"},
     {"icon", "mdi:camera"}},
};
/* clang-format on */

static bool set_text(json_t *object, const char *key, const char *text) {
    return json_object_set_new(object, key, text_json(text)) == 0;
}

static bool add_members(json_t *object, const struct component *component, const struct discovery_camera *camera) {
    char text[TOPIC_BYTES];
    snprintf(text, sizeof text, "%s_%s", camera->object_id, component->key);
    bool is_whole =
        set_text(object, "name", component->name) && json_object_set_new(object, "unique_id", json_string(text)) == 0;
    for (const char *const *topic = component->topics; *topic != NULL; topic += 2) {
        snprintf(text, sizeof text, "%s/%s/%s", camera->prefix, camera->id, topic[1]);
        is_whole = is_whole && json_object_set_new(object, topic[0], json_string(text)) == 0;
    }
    for (const char *const *member = component->members; *member != NULL; member += 2) {
        is_whole = is_whole && set_text(object, member[0], member[1]);
    }
    return is_whole;
}

static json_t *component_json(const struct component *component, const struct discovery_camera *camera) {
    unsigned has = (camera->has_pictures ? PICTURES : 0u) | (camera->has_commands ? COMMANDS : 0u) |
                   (camera->has_motion ? MOTION : 0u) | (camera->has_recording ? RECORDING : 0u) |
                   (camera->is_local ? LOCAL : 0u);
    json_t *object = json_object();
    bool is_whole = set_text(object, "platform", component->platform);
    if ((component->needs & ~has) == 0) {
        is_whole = is_whole && add_members(object, component, camera);
    }
    if (!is_whole) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *components_json(const struct discovery_camera *camera) {
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof components / sizeof components[0]; i++) {
        if (json_object_set_new(object, components[i].key, component_json(&components[i], camera)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* ---- The message ---- */

static json_t *device_json(const struct discovery_camera *camera) {
    json_t *device = json_pack("{s:[s], s:o, s:s, s:s, s:s}", "identifiers", camera->object_id, "name",
                               text_json(camera->name[0] != '\0' ? camera->name : camera->id), "manufacturer",
                               "framebroker", "model", "Camera", "sw_version", FRAMEBROKER_VERSION);
    if (camera->page_url != NULL && device != NULL) {
        size_t count = strlen(camera->page_url);
        bool has_slash = count > 0 && camera->page_url[count - 1] == '/';
        json_t *url = json_sprintf("%s%scamera/%s", camera->page_url, has_slash ? "" : "/", camera->id);
        if (json_object_set_new(device, "configuration_url", url) != 0) {
            json_decref(device);
            return NULL;
        }
    }
    return device;
}

char *discovery_render(const struct discovery_camera *camera) {
    char status[TOPIC_BYTES];
    snprintf(status, sizeof status, "%s/status", camera->prefix);
    return json_render(json_pack("{s:o, s:{s:s, s:s}, s:[{s:s}], s:o}", "device", device_json(camera), "origin", "name",
                                 "framebroker", "sw_version", FRAMEBROKER_VERSION, "availability", "topic", status,
                                 "components", components_json(camera)));
}
