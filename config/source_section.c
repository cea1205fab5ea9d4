#include "cameras/driver.h"
#include "config/sections.h"

#include <string.h>

/* Every type of source that there is, and those that other versions of the program have. */
static const struct source_kind {
    const char *name;
    enum source_type type;
    source_read *read; /* NULL: in no build of this version */
    const char *needs; /* to be in a build */
} kinds[] = {
    {"emulated", SOURCE_EMULATED, emulated_source_read, NULL},
    {"pattern", SOURCE_PATTERN, pattern_source_read, NULL},
    {"v4l2", SOURCE_V4L2, v4l2_source_read, NULL},
    {"push", SOURCE_PUSH, push_source_read, NULL},
    {"url", SOURCE_URL, url_source_read, "FFmpeg's libraries (libavformat-dev, libavcodec-dev, libswscale-dev)"},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static bool is_built(const struct source_kind *kind) { return kind->read != NULL && driver_find(kind->type) != NULL; }

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
        if (is_built(&kinds[i])) {
            if (named) {
                return &kinds[i];
            }
            choices[count++] = kinds[i].name;
        } else if (named) {
            problem = "this type of source is not in this build";
            if (kinds[i].needs != NULL) {
                problem = storage_format(storage, "%s, which was made without %s", problem, kinds[i].needs);
            }
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
