#include "config/sections.h"

#include <string.h>

#define VARIANTS_MAX (TOPIC_VARIANTS_MAX / 2) /* in the defaults, and as many of a camera */

static bool is_name(const char *text) {
    size_t length = strlen(text);
    return length > 0 && length <= VARIANT_NAME_MAX_BYTES && strchr("-_", text[0]) == NULL &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static void read_wish(const struct node *node, struct variant_wish *wish) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    wish->width_px = (uint32_t)section_integer(&section, "width", VARIANT_WIDTH_MIN_PX, VARIANT_WIDTH_MAX_PX, 0);
    wish->quality = (int)section_integer(&section, "quality", 1, 100, 0);
    wish->fps = section_number(&section, "fps", CAMERA_RATE_MIN, CAMERA_RATE_MAX, 0);
    if (json_object_size(node->json) == 0) {
        node_fault(node, "must have a width, a quality or a rate of its own");
    }
    section_end(&section);
}

/* The place of a name among those there are, or the next free one. */
static struct variant_settings *find_place(struct topic_settings *settings, const char *name) {
    for (size_t i = 0; i < settings->variant_count; i++) {
        if (strcmp(settings->variants[i].name, name) == 0) {
            return &settings->variants[i];
        }
    }
    return &settings->variants[settings->variant_count++];
}

void variants_section_read(const struct node *node, struct topic_settings *settings) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    size_t own_count = json_object_size(node->json);
    if (own_count > VARIANTS_MAX) {
        node_fault(node, "must have at most %d entries (got %zu)", VARIANTS_MAX, own_count);
        return;
    }
    struct node member = {0};
    while (node_next(node, &member)) {
        if (!is_name(member.key)) {
            node_fault(&member, "the name must be 1 to %d of a-z, 0-9, - and _, with a letter or digit first",
                       VARIANT_NAME_MAX_BYTES);
            continue;
        }
        struct variant_settings *variant = find_place(settings, member.key);
        *variant = (struct variant_settings){0};
        memcpy(variant->name, member.key, strlen(member.key));
        read_wish(&member, &variant->wish);
    }
}
