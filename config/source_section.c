#include "cameras/driver.h"
#include "config/sections.h"

#include <string.h>

static const struct source_kind {
    const char *name;
    enum source_type type;
    source_read *read;
    const char *needs; /* what a build may lack; NULL: every build has this type */
} kinds[] = {
    {"emulated", SOURCE_EMULATED, emulated_source_read, NULL},
    {"pattern", SOURCE_PATTERN, pattern_source_read, NULL},
    {"v4l2", SOURCE_V4L2, v4l2_source_read, NULL},
    {"push", SOURCE_PUSH, push_source_read, NULL},
    {"url", SOURCE_URL, url_source_read, "FFmpeg's libraries (libavformat-dev, libavcodec-dev, libswscale-dev)"},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static const struct source_kind *find_kind(const struct node *type) {
    const char *text = node_text(type);
    if (text == NULL) {
        return NULL;
    }
    const char *choices[KIND_COUNT];
    size_t count = 0;
    const char *problem = "unknown type of source";
    struct storage *storage = type->document->storage;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        bool named = strcmp(text, kinds[i].name) == 0;
        if (driver_find(kinds[i].type) != NULL) {
            if (named) {
                return &kinds[i];
            }
            choices[count++] = kinds[i].name;
        } else if (named) {
            problem = storage_format(storage, "this type of source is not in this build, which was made without %s",
                                     kinds[i].needs);
        }
    }
    node_fault_choice(type, problem, choices, count);
    return NULL;
}

const char *source_section_read(const struct node *node, struct source_settings *settings) {
    struct section section;
    struct node type;
    if (!section_begin(&section, node) || !section_require(&section, "type", &type)) {
        return NULL;
    }
    const struct source_kind *kind = find_kind(&type);
    if (kind == NULL) {
        return NULL;
    }
    settings->type = kind->type;
    kind->read(&section, settings);
    section_end(&section);
    return kind->name;
}
