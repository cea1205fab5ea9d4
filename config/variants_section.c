#include "config/variants_section.h"

#include "cameras/settings.h"
#include "config/json/settings_reader.h"

#include <string.h>

#define VARIANTS_MAX (TOPIC_VARIANTS_MAX / 2) /* in the defaults, and as many of a camera */

static void read_request(const struct node *node, struct variant_request *request) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    settings_read(&section, &variant_settings_table, (void *const[]){request});
    if (json_object_size(node->json) == 0) {
        node_fault(node, "must have a width, a quality or a rate of its own");
    }
    settings_finish(&section, &variant_settings_table, (void *const[]){request});
}

/* The variant of that name, or the next free entry. */
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
        if (!string_view_is_id(string_view_of(member.key), VARIANT_NAME_MAX_BYTES)) {
            node_fault(&member, "the name must be 1 to %d of " ID_WORDS, VARIANT_NAME_MAX_BYTES);
            continue;
        }
        struct variant_settings *variant = find_place(settings, member.key);
        *variant = (struct variant_settings){0};
        memcpy(variant->name, member.key, strlen(member.key));
        read_request(&member, &variant->request);
    }
}
