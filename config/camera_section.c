#include "config/camera_section.h"

#include "broker/base/clock.h"
#include "cameras/driver.h"
#include "config/json/settings_reader.h"
#include "config/source_section.h"
#include "config/variants_section.h"

#include <string.h>

static void read_variants(const struct node *node, struct camera_settings *settings) {
    struct node variants;
    if (node_find(node, "variants", &variants)) {
        variants_section_read(&variants, &settings->topic);
    }
}

/* Keys that are missing keep what the camera inherits. */
static void read_record(const struct node *node, struct record_settings *record) {
    struct node object;
    struct section section;
    if (node_find(node, "record", &object) && section_begin(&section, &object)) {
        settings_read(&section, &record_table, (void *const[]){record});
        settings_finish(&section, &record_table, (void *const[]){record});
    }
}

void defaults_section_read(const struct node *node, struct camera_settings *defaults) {
    struct section section;
    if (section_begin(&section, node)) {
        settings_read(&section, &camera_defaults_table, (void *const[]){defaults});
        read_variants(node, defaults);
        read_record(node, &defaults->record);
        settings_finish(&section, &camera_defaults_table, (void *const[]){defaults});
    }
}

/* Leaves the id empty after a fault. */
static void read_id(const struct node *node, struct topic_settings *topic) {
    topic->id[0] = '\0';
    const char *text = node_text(node);
    if (text == NULL) {
        return;
    }
    if (!string_view_is_id(string_view_of(text), TOPIC_ID_MAX_BYTES)) {
        node_fault(node, "must be 1 to %d of " ID_WORDS, TOPIC_ID_MAX_BYTES);
        return;
    }
    if (strcmp(text, "all") == 0) {
        node_fault(node, "must not be \"all\", which stands for every camera in feeds");
        return;
    }
    memcpy(topic->id, text, strlen(text) + 1);
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

/* A camera that is slower than the common time-out would be stale between two frames. */
static void allow_two_periods(struct camera_settings *settings) {
    int64_t two_periods_ns = (int64_t)(2 * (double)NS_PER_S / settings->source.fps);
    if (settings->topic.stale_after_ns < two_periods_ns) {
        settings->topic.stale_after_ns = two_periods_ns;
    }
}

static void read_source(const struct node *node, struct camera_settings *settings) {
    struct topic_settings *topic = &settings->topic;
    source_section_read(node, &settings->source);
    const struct camera_type *type = settings->source.type;
    topic->source = type != NULL ? type->name : NULL;
    topic->fps = settings->source.fps;
}

/* A text, or whether there is one. */
static void read_caption(const struct node *node, struct caption_settings *caption) {
    if (json_is_boolean(node->json)) {
        caption->is_shown = json_is_true(node->json);
        return;
    }
    const char *text = json_is_string(node->json) ? node_text(node) : NULL;
    if (text == NULL) {
        node_fault(node, "must be true, false or a text");
    } else if (!text_is_name(text, CAPTION_FORMAT_MAX_BYTES)) {
        node_fault(node, "must be 1 to %d bytes of UTF-8 without control characters", CAPTION_FORMAT_MAX_BYTES);
    } else {
        *caption = (struct caption_settings){.is_shown = true, .format = text};
    }
}

/* Some sources have keys of the same name, for what is captured. */
static void join_filters(const struct node *node, struct camera_settings *settings) {
    static const char *const names[] = {"rotate", "flip", "timestamp"};
    struct node source, key, other;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && node_find(node, "source", &source); i++) {
        if (node_find(node, names[i], &key) && node_find(&source, names[i], &other)) {
            node_fault(&key, "stands in the source too: remove one of the two");
        }
    }
    struct picture_filter_settings *filter = &settings->filter;
    const struct picture_filter_settings *of_source = &settings->source.filter;
    filter->turn_degrees = of_source->turn_degrees != 0 ? of_source->turn_degrees : filter->turn_degrees;
    filter->flip = of_source->flip != FLIP_NONE ? of_source->flip : filter->flip;
    filter->caption.is_shown |= of_source->caption.is_shown;
}

void camera_section_read(const struct node *node, struct camera_settings *settings) {
    struct topic_settings *topic = &settings->topic;
    snprintf(topic->id, sizeof topic->id, "%zu", node->place + 1);
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    struct node member;
    settings_read(&section, &camera_settings_table, (void *const[]){settings});
    if (node_find(node, "id", &member)) {
        read_id(&member, topic);
    }
    memcpy(topic->name, topic->id, sizeof topic->id);
    if (node_find(node, "name", &member)) {
        read_name(&member, topic);
    }
    if (node_find(node, "source", &member)) {
        read_source(&member, settings);
    }
    if (node_find(node, "timestamp", &member)) {
        read_caption(&member, &settings->filter.caption);
    }
    join_filters(node, settings);
    read_variants(node, settings);
    read_record(node, &settings->record);
    if (!node_find(node, "stale_after_ms", &member) && settings->source.fps > 0) {
        allow_two_periods(settings);
    }
    topic->is_kept_open = settings->motion != NULL;
    settings_finish(&section, &camera_settings_table, (void *const[]){settings});
}
