#include "config/source_section.h"

#include "broker/base/module.h"
#include "cameras/registry.h"
#include "config/json/settings_reader.h"

#define TYPES_MAX 32

/* NULL after a fault. */
static const struct camera_type *read_type(const struct node *node) {
    const char *name = node_text(node);
    const struct camera_type *found = name != NULL ? camera_type_find(name) : NULL;
    if (name == NULL || found != NULL) {
        return found;
    }
    const char *choices[TYPES_MAX];
    size_t count = 0;
    for (const struct camera_type *type = camera_types; type->name != NULL && count < TYPES_MAX; type++) {
        choices[count++] = type->name;
    }
    node_fault_choice(node, "unknown type of source", choices, count);
    return NULL;
}

/* Only --check warns: the other cameras run, and the module may be installed at any time. */
static void check_module(const struct node *type, const struct source_settings *settings) {
    const char *module = settings->type->needed_module != NULL ? settings->type->needed_module(settings) : NULL;
    struct reason reason;
    if (module != NULL && type->document->opens_files && module_check(module, &reason) != ERR_OK) {
        node_warn(type, "%s", reason.text);
    }
}

void source_section_read(const struct node *node, struct source_settings *settings) {
    struct section section;
    struct node type;
    if (!section_begin(&section, node) || !section_require(&section, "type", &type)) {
        return;
    }
    settings->type = read_type(&type);
    if (settings->type == NULL) {
        return;
    }
    const struct setting_table *table = settings->type->settings;
    settings->own = table->size > 0 ? arena_alloc(node->document->arena, 1, table->size) : NULL;
    if (table->size > 0 && settings->own == NULL) {
        return;
    }
    void *const blocks[] = {settings, settings->own};
    settings_set_defaults(table, blocks);
    settings_read(&section, table, blocks);
    settings_finish(&section, table, blocks);
    check_module(&type, settings);
}
