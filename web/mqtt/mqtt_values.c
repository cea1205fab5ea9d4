#include "web/mqtt/mqtt_values.h"

#include "web/views/json/mqtt_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Smaller changes of a rate are noise: this much, or a share of it. */
#define FPS_NOISE 0.25
#define FPS_NOISE_SHARE 0.05

static const char *const names[MQTT_VALUES] = {
    [MQTT_VALUE_HEALTH] = "health",
    [MQTT_VALUE_MOTION] = "motion",
    [MQTT_VALUE_MOTION_ACTIVE] = "motion/active",
    [MQTT_VALUE_RECORDING] = "recording",
    [MQTT_VALUE_RECORDING_ACTIVE] = "recording/active",
    [MQTT_VALUE_FPS] = "fps",
    [MQTT_VALUE_VIEWERS] = "viewers",
    [MQTT_VALUE_PICTURE] = "snapshot",
    [MQTT_VALUE_STATE] = "state",
};

bool mqtt_value_topic(char topic[MQTT_TOPIC_BYTES], const struct mqtt_settings *settings, const char *camera,
                      enum mqtt_value value) {
    if (value != MQTT_VALUE_CONFIG) {
        mqtt_topic(topic, settings->prefix, camera, names[value]);
        return true;
    }
    mqtt_topic_of_discovery(topic, settings, camera);
    return settings->discovery_prefix[0] != '\0';
}

/* FNV-1a, 64 bits; never 0. */
static uint64_t hash(const char *text) {
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return value != 0 ? value : 1;
}

void mqtt_values_init(struct mqtt_values *values) { *values = (struct mqtt_values){.is_healthy = true}; }

void mqtt_values_finish(struct mqtt_values *values) {
    for (size_t i = 0; i < MQTT_VALUES; i++) {
        free(values->values[i].wanted);
    }
}

void mqtt_values_set(struct mqtt_values *values, enum mqtt_value value, char *text) {
    if (text != NULL) {
        free(values->values[value].wanted);
        values->values[value].wanted = text;
        values->values[value].hash = hash(text);
    }
}

static void set_text(struct mqtt_values *values, enum mqtt_value value, const char *text) {
    const char *wanted = values->values[value].wanted;
    if (wanted == NULL || strcmp(wanted, text) != 0) {
        mqtt_values_set(values, value, strdup(text));
    }
}

/* 29.97 is shown as 30, 4.96 as 5, 0.1 as 0.1. */
static void update_fps(struct mqtt_values *values, double fps) {
    bool stops = fps <= 0 && values->shown_fps > 0, starts = fps > 0 && values->shown_fps <= 0;
    bool changes = fabs(fps - values->shown_fps) > fmax(FPS_NOISE, FPS_NOISE_SHARE * values->shown_fps);
    if (stops || starts || changes || values->values[MQTT_VALUE_FPS].wanted == NULL) {
        /* Of a rate that is below the last decimal something is shown still. */
        values->shown_fps = fps >= 10 ? round(fps) : fps > 0 ? fmax(round(fps * 10) / 10, 0.1) : 0;
        char text[32];
        snprintf(text, sizeof text, "%.1f", values->shown_fps); /* the program keeps the C locale */
        set_text(values, MQTT_VALUE_FPS, text);
    }
}

/* Of a camera that is no longer watched an empty value removes what was sent. */
static void update_motion(struct mqtt_values *values, const struct motion_status *motion) {
    if (motion->is_configured) {
        set_text(values, MQTT_VALUE_MOTION, motion->is_moving ? "ON" : "OFF");
        set_text(values, MQTT_VALUE_MOTION_ACTIVE, motion->is_active ? "ON" : "OFF");
    } else if (values->values[MQTT_VALUE_MOTION].wanted != NULL) {
        set_text(values, MQTT_VALUE_MOTION, "");
        set_text(values, MQTT_VALUE_MOTION_ACTIVE, "");
    }
}

void mqtt_values_note_recording(struct mqtt_values *values, const char *word, bool is_active) {
    if (word != NULL) {
        set_text(values, MQTT_VALUE_RECORDING, word);
        set_text(values, MQTT_VALUE_RECORDING_ACTIVE, is_active ? "ON" : "OFF");
    } else if (values->values[MQTT_VALUE_RECORDING].wanted != NULL) {
        set_text(values, MQTT_VALUE_RECORDING, "");
        set_text(values, MQTT_VALUE_RECORDING_ACTIVE, "");
    }
}

void mqtt_values_note_motion(struct mqtt_values *values) { set_text(values, MQTT_VALUE_MOTION, "ON"); }

void mqtt_values_update(struct mqtt_values *values, const struct topic_snapshot *camera) {
    char viewers[32];
    snprintf(viewers, sizeof viewers, "%zu", camera->subscriber_count);
    if (!camera->is_brief) {
        set_text(values, MQTT_VALUE_VIEWERS, viewers);
    }
    set_text(values, MQTT_VALUE_STATE, state_name(camera->state));
    update_motion(values, &camera->motion);
    update_fps(values, camera->captured_fps);
    if (camera->state != STATE_STARTING) {
        values->is_healthy = camera->state == STATE_LIVE || (camera->state == STATE_IDLE && camera->error[0] == '\0');
    }
    mqtt_values_set(values, MQTT_VALUE_HEALTH, mqtt_health_render(values->is_healthy, camera->error, camera->restarts));
}

enum mqtt_value mqtt_values_next(const struct mqtt_values *values) {
    for (enum mqtt_value value = 0; value < MQTT_VALUES; value++) {
        if (values->values[value].hash != values->values[value].sent && values->values[value].wanted != NULL) {
            return value;
        }
    }
    return MQTT_VALUES;
}

const char *mqtt_values_wanted(const struct mqtt_values *values, enum mqtt_value value) {
    return values->values[value].wanted;
}

void mqtt_values_note_sent(struct mqtt_values *values, enum mqtt_value value) {
    values->values[value].sent = values->values[value].hash;
}

void mqtt_values_forget_sent(struct mqtt_values *values, enum mqtt_value value) { values->values[value].sent = 0; }
