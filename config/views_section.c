#include "config/views_section.h"

#include "broker/base/utf8.h"
#include "config/access_section.h"
#include "config/json/settings_reader.h"
#include "config/tables.h"

#include <string.h>

#define LAYOUTS_SHAPE "1, 4, 9, 16, 25, 36 or 64"

static const struct setting view_rows[] = {
    {.name = "name",
     .type = SETTING_CUSTOM,
     .required = true,
     .schema = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": " SETTING_TEXT_OF(WALL_VIEW_NAME_MAX_BYTES),
     .shape = "text",
     .help = "What its tab says, unique: at most " SETTING_TEXT_OF(
         WALL_VIEW_NAME_MAX_BYTES) " bytes of UTF-8 without control characters. /?view=NAME is its address."},
    {.name = "cameras",
     .type = SETTING_CUSTOM,
     .required = true,
     .schema = "\"$ref\": \"#/$defs/account_cameras\"",
     .shape = "list of 1 to 1000 texts",
     .help = "The ids of its cameras, in its order; * stands for any characters, ? for one. A user sees those that the "
             "account may view, and no tab without any."},
    {.name = "layout",
     .type = SETTING_CUSTOM,
     .schema = "\"enum\": [1, 4, 9, 16, 25, 36, 64]",
     .shape = LAYOUTS_SHAPE,
     .help = "How many cameras a screen has. Default: as many as fit."},
};

const struct setting_table view_table = {
    .name = "view",
    .help = "A view of the wall: some of the cameras, as a tab of its own.",
    .rows = view_rows,
    .count = sizeof view_rows / sizeof view_rows[0],
};

static void read_name(const struct node *node, struct wall_view *view) {
    view->name = node_text(node);
    if (view->name != NULL && !text_is_name(view->name, WALL_VIEW_NAME_MAX_BYTES)) {
        node_fault(node, "must be 1 to %d bytes of UTF-8 without control characters", WALL_VIEW_NAME_MAX_BYTES);
    }
}

static void read_layout(const struct node *node, struct wall_view *view) {
    static const unsigned layouts[] = {1, 4, 9, 16, 25, 36, 64};
    double number = 0;
    if (!node_number(node, 1, 64, &number)) {
        return;
    }
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        view->layout = number == layouts[i] ? layouts[i] : view->layout;
    }
    if (view->layout == 0) {
        node_fault(node, "must be " LAYOUTS_SHAPE " (got %.15g)", number);
    }
}

static void check_name(const struct node *node, const struct wall_view *views, size_t place) {
    for (size_t i = 0; i < place; i++) {
        if (views[i].name != NULL && views[place].name != NULL && strcmp(views[i].name, views[place].name) == 0) {
            node_fault(node, "has the same name as another");
            return;
        }
    }
}

static void read_view(const struct node *node, const struct config *config, struct wall_view *views) {
    struct wall_view *view = &views[node->place];
    *view = (struct wall_view){.name = NULL};
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    settings_read(&section, &view_table, NULL);
    struct node member;
    if (node_find(node, "name", &member)) {
        read_name(&member, view);
        check_name(node, views, node->place);
    }
    if (node_find(node, "cameras", &member)) {
        view->cameras = camera_patterns_read(&member, config, &view->camera_count);
    }
    if (node_find(node, "layout", &member)) {
        read_layout(&member, view);
    }
    settings_finish(&section, &view_table, NULL);
}

void views_section_read(const struct node *list, struct config *config) {
    if (!node_is_list(list, 1, WALL_VIEWS_MAX)) {
        return;
    }
    size_t count = json_array_size(list->json);
    struct wall_view *views = arena_alloc(config->arena, count, sizeof *views);
    struct node view = {0};
    while (views != NULL && node_next(list, &view)) {
        read_view(&view, config, views);
    }
    config->server.views =
        (struct wall_views){.list = views, .count = views != NULL ? count : 0, .arena = config->arena};
}
