#include "cameras/settings.h"

#include <string.h>

/* Either may be NULL, which equals only itself. */
static bool equal_texts(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool equal_lists(const char *const *a, const char *const *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!equal_texts(a[i], b[i])) {
            return false;
        }
    }
    return true;
}

static bool has_variant(const struct topic_settings *topic, const struct variant_settings *wanted) {
    for (size_t i = 0; i < topic->variant_count; i++) {
        const struct variant_settings *variant = &topic->variants[i];
        if (strcmp(variant->name, wanted->name) == 0) {
            return variant->wish.width_px == wanted->wish.width_px && variant->wish.quality == wanted->wish.quality &&
                   variant->wish.fps == wanted->wish.fps;
        }
    }
    return false;
}

/* In whatever order: each name is there once. */
static bool equal_variants(const struct topic_settings *a, const struct topic_settings *b) {
    for (size_t i = 0; i < a->variant_count; i++) {
        if (!has_variant(b, &a->variants[i])) {
            return false;
        }
    }
    return a->variant_count == b->variant_count;
}

static bool equal_topics(const struct topic_settings *a, const struct topic_settings *b) {
    return strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0 && equal_texts(a->source, b->source) &&
           a->ring_frames == b->ring_frames && a->idle_timeout_ns == b->idle_timeout_ns &&
           a->on_demand == b->on_demand && a->fps == b->fps && a->max_variants == b->max_variants &&
           equal_variants(a, b);
}

static bool equal_controls(const struct device_settings *a, const struct device_settings *b) {
    for (size_t i = 0; i < a->control_count; i++) {
        const struct control_wish *first = &a->controls[i], *second = &b->controls[i];
        if (!equal_texts(first->name, second->name) || !equal_texts(first->choice, second->choice) ||
            first->value != second->value) {
            return false;
        }
    }
    return true;
}

static bool equal_devices(const struct device_settings *a, const struct device_settings *b) {
    return equal_texts(a->path, b->path) && a->named_count == b->named_count &&
           equal_lists(a->named_paths, b->named_paths, a->named_count) && a->unnamed_before == b->unnamed_before &&
           equal_texts(a->format, b->format) && a->range == b->range && a->control_count == b->control_count &&
           equal_controls(a, b);
}

static bool equal_urls(const struct url_settings *a, const struct url_settings *b) {
    return equal_texts(a->url, b->url) && equal_texts(a->username, b->username) &&
           equal_texts(a->password, b->password) && a->transport == b->transport && a->loop == b->loop &&
           a->insecure == b->insecure && a->keyframes_only == b->keyframes_only && a->threads == b->threads;
}

static bool equal_pushes(const struct push_settings *a, const struct push_settings *b) {
    return equal_texts(a->key, b->key) && a->replace == b->replace;
}

static bool equal_retouches(const struct retouch_settings *a, const struct retouch_settings *b) {
    return a->turn_degrees == b->turn_degrees && a->flip_horizontal == b->flip_horizontal &&
           a->flip_vertical == b->flip_vertical && a->timestamp == b->timestamp;
}

static bool equal_faults(const struct source_settings *a, const struct source_settings *b) {
    for (size_t i = 0; i < a->fault_count; i++) {
        const struct fault_settings *first = &a->faults[i], *second = &b->faults[i];
        if (first->kind != second->kind || first->at_frame != second->at_frame || first->at_ns != second->at_ns ||
            first->for_ns != second->for_ns) {
            return false;
        }
    }
    return true;
}

static bool equal_sources(const struct source_settings *a, const struct source_settings *b) {
    return a->type == b->type && a->fps == b->fps && a->width_px == b->width_px && a->height_px == b->height_px &&
           a->quality == b->quality && a->subsampling == b->subsampling && equal_retouches(&a->retouch, &b->retouch) &&
           a->file_count == b->file_count && equal_lists(a->files, b->files, a->file_count) &&
           equal_devices(&a->device, &b->device) && equal_urls(&a->url, &b->url) && equal_pushes(&a->push, &b->push) &&
           a->fault_count == b->fault_count && equal_faults(a, b);
}

bool camera_settings_equal(const struct camera_settings *a, const struct camera_settings *b) {
    return equal_topics(&a->topic, &b->topic) && a->stale_after_ns == b->stale_after_ns &&
           equal_sources(&a->source, &b->source);
}
