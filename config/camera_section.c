#include "broker/clock.h"
#include "config/sections.h"

#include <string.h>

#define DAY_S 86400.0

const struct camera_settings camera_settings_built_in = {
    .topic = {.ring_frames = 8, .idle_timeout_ns = 10 * NS_PER_S, .on_demand = true, .max_variants = 8},
    .stale_after_ns = 3 * NS_PER_S,
    .source = {.quality = 80},
};

/* What can be said of a camera as well as of all of them. */
static void read_common(struct section *section, struct camera_settings *settings) {
    struct topic_settings *topic = &settings->topic;
    topic->idle_timeout_ns = section_duration_ns(section, "idle_timeout_s", 0, DAY_S, NS_PER_S, topic->idle_timeout_ns);
    settings->stale_after_ns =
        section_duration_ns(section, "stale_after_ms", 100, DAY_S * 1000, NS_PER_MS, settings->stale_after_ns);
    topic->ring_frames = (unsigned)section_integer(section, "ring_frames", 1, 64, topic->ring_frames);
    topic->on_demand = section_boolean(section, "on_demand", topic->on_demand);
    topic->max_variants = (unsigned)section_integer(section, "max_variants", 0, 64, topic->max_variants);
    struct node variants;
    if (section_find(section, "variants", &variants)) {
        variants_section_read(&variants, topic);
    }
}

void defaults_section_read(const struct node *node, struct camera_settings *defaults) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    read_common(&section, defaults);
    defaults->source.quality = (int)section_integer(&section, "quality", 1, 100, defaults->source.quality);
    section_end(&section);
}

/* Leaves the id empty after a fault. */
static void read_id(const struct node *node, struct topic_settings *topic) {
    topic->id[0] = '\0';
    const char *text = node_text(node);
    if (text == NULL) {
        return;
    }
    size_t length = strlen(text);
    if (length == 0 || length > TOPIC_ID_MAX_BYTES || strchr("-_", text[0]) != NULL ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") != length) {
        node_fault(node, "must be 1 to %d of a-z, 0-9, - and _, with a letter or digit first", TOPIC_ID_MAX_BYTES);
        return;
    }
    if (strcmp(text, "all") == 0) {
        node_fault(node, "must be another than \"all\", by which feeds mean every camera");
        return;
    }
    memcpy(topic->id, text, length + 1);
}

static void read_name(const struct node *node, struct topic_settings *topic) {
    const char *text = node_text(node);
    if (text == NULL) {
        return;
    }
    if (!text_is_name(text, TOPIC_NAME_MAX_BYTES)) {
        node_fault(node, "must be 1 to %d bytes of UTF-8 without control characters", TOPIC_NAME_MAX_BYTES);
        return;
    }
    memcpy(topic->name, text, strlen(text) + 1);
}

/* A camera that is slower than the common time-out would be stale between any two frames. */
static void allow_two_periods(struct camera_settings *settings) {
    int64_t two_periods_ns = (int64_t)(2 * (double)NS_PER_S / settings->source.fps);
    if (settings->stale_after_ns < two_periods_ns) {
        settings->stale_after_ns = two_periods_ns;
    }
}

void camera_section_read(const struct node *node, struct camera_settings *settings) {
    struct topic_settings *topic = &settings->topic;
    snprintf(topic->id, sizeof topic->id, "%zu", node->place + 1);
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    struct node member;
    if (section_find(&section, "id", &member)) {
        read_id(&member, topic);
    }
    memcpy(topic->name, topic->id, sizeof topic->id);
    if (section_find(&section, "name", &member)) {
        read_name(&member, topic);
    }
    if (section_require(&section, "source", &member)) {
        topic->source = source_section_read(&member, &settings->source);
        topic->fps = settings->source.fps;
        if (settings->source.push.key != NULL) {
            snprintf(topic->push_key, sizeof topic->push_key, "%s", settings->source.push.key);
        }
        topic->push_replaces = settings->source.push.replace;
    }
    read_common(&section, settings);
    if (!node_find(node, "stale_after_ms", &member) && settings->source.fps > 0) {
        allow_two_periods(settings);
    }
    section_end(&section);
}
