#include "config/json/settings_reader.h"

#include "broker/base/clock.h"
#include "broker/settings/setting_units.h"
#include "config/json/environment.h"
#include "config/json/file_path.h"
#include "config/json/polygon_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define CHOICES_MAX 64

/* ---- Numbers ---- */

/* A number within the row's range; one with a fault counts as the minimum, so that it does not seem to be missing. */
static double read_number(const struct setting *row, const struct node *node) {
    double number = 0;
    return node_number(node, row->min, row->max, &number) ? number : row->min;
}

static double read_integer(const struct setting *row, const struct node *node) {
    double number = read_number(row, node);
    if ((double)(int64_t)number != number) {
        node_fault(node, "must be a whole number (got %.15g)", number);
        return row->min;
    }
    return number;
}

/* Few values, which a fault lists: 0, 90, 180 or 270. */
static double read_multiple(const struct setting *row, const struct node *node) {
    double number = json_is_integer(node->json) ? json_number_value(node->json) : -1;
    if (number >= row->min && number <= row->max && (int64_t)number % row->step == 0) {
        return number;
    }
    struct arena *arena = node->document->notes;
    const char *list = "";
    const int64_t min = (int64_t)row->min, max = (int64_t)row->max;
    for (int64_t value = min; value <= max; value += row->step) {
        const bool last = value + row->step > max;
        list = arena_format(arena, "%s%s%" PRId64, list, value == min ? "" : last ? " or " : ", ", value);
    }
    node_fault(node, "must be %s", list);
    return row->min;
}

/* A number, or a text with a unit; the minimum after a fault. */
static double read_measure(const struct setting *row, const struct node *node,
                           bool (*parse)(const char *text, double *value), const char *example) {
    if (!json_is_string(node->json)) {
        if (!json_is_number(node->json)) {
            node_fault(node, "must be %s", example);
            return row->min;
        }
        return read_number(row, node);
    }
    const char *text = node_text(node);
    double value = row->min;
    if (text != NULL && !parse(text, &value)) {
        node_fault(node, "must be %s", example);
    } else if (text != NULL && (value < row->min || value > row->max)) {
        node_fault(node, "must be between %.15g and %.15g", row->min, row->max);
        value = row->min;
    }
    return value;
}

#define SIZE_EXAMPLE "a number of bytes, or of KB, MB, GB or TB, as in \"200 GB\""
#define TIME_EXAMPLE "a number of seconds, or of s, min, h or d, as in \"30 d\""

/* ---- Texts ---- */

static const char *read_text(const struct setting *row, const struct node *node) {
    const char *text = node_text(node);
    struct reason reason;
    if (text == NULL || (row->fallback_text != NULL && strcmp(text, row->fallback_text) == 0)) {
        return NULL;
    }
    if (row->check != NULL && row->check(text, &reason) != ERR_OK) {
        node_fault(node, "%s", reason.text);
        return NULL;
    }
    return row->is_path != NULL && row->is_path(text) ? file_path_read(node, row->what) : text;
}

/* 0 after a fault. */
static unsigned read_parsed(const struct setting *row, const struct node *node) {
    const char *text = node_text(node);
    unsigned value = 0;
    struct reason reason;
    if (text != NULL && row->parse(text, &value, &reason) != ERR_OK) {
        node_fault(node, "%s", reason.text);
        value = 0;
    }
    return value;
}

/* The place among the choices; 0 after a fault. */
static size_t read_choice(const struct setting *row, const struct node *node) {
    const char *text = node_text(node), *choices[CHOICES_MAX];
    size_t count = 0;
    for (const char *choice; (choice = setting_choice(row, count)) != NULL; count++) {
        assert(count < CHOICES_MAX);
        if (text != NULL && strcmp(text, choice) == 0) {
            return count;
        }
        choices[count] = choice;
    }
    if (text != NULL) {
        node_fault_choice(node, arena_format(node->document->notes, "unknown %s", row->what), choices, count);
    }
    return 0;
}

/* ---- Arrays ---- */

struct array {
    void *entries;
    size_t count;
};

static struct array read_texts(const struct setting *row, const struct node *list) {
    struct array array = {.count = json_array_size(list->json)};
    if (!node_is_list(list, (size_t)row->min, (size_t)row->max)) {
        return (struct array){0};
    }
    const char **texts = arena_alloc(list->document->arena, array.count + 1, sizeof *texts);
    struct node entry = {0};
    while (texts != NULL && node_next(list, &entry)) {
        texts[entry.place] = row->type == SETTING_FILES ? file_path_read(&entry, row->what) : node_text(&entry);
    }
    array.entries = texts;
    return array;
}

static bool is_variable_name(const char *name) {
    size_t length = environment_name_bytes(name);
    return length > 0 && name[length] == '\0';
}

/* How many entries an object with members of any name has; 0 after a fault. */
static size_t count_members(const struct setting *row, const struct node *object) {
    struct section section;
    size_t count = json_object_size(object->json);
    if (!section_begin(&section, object)) {
        return 0;
    }
    if (count > (size_t)row->max) {
        node_fault(object, "must have at most %.15g entries (got %zu)", row->max, count);
        return 0;
    }
    return count;
}

static struct array read_variables(const struct setting *row, const struct node *object) {
    struct array array = {.count = count_members(row, object)};
    if (array.count == 0) {
        return array;
    }
    const char **variables = arena_alloc(object->document->arena, array.count + 1, sizeof *variables);
    struct node member = {0};
    for (size_t i = 0; variables != NULL && node_next(object, &member); i++) {
        const char *value = node_text(&member);
        variables[i] = arena_format(object->document->arena, "%s=%s", member.key, value != NULL ? value : "");
        if (!is_variable_name(member.key)) {
            node_fault(&member, "is not the name of an environment variable");
        }
    }
    array.entries = variables;
    return array;
}

static void read_object(const struct setting_table *table, const struct node *node, void *object) {
    struct section section;
    settings_set_defaults(table, (void *const[]){object});
    if (section_begin(&section, node)) {
        settings_read(&section, table, (void *const[]){object});
        settings_finish(&section, table, (void *const[]){object});
    }
}

static struct array read_objects(const struct setting *row, const struct node *list) {
    struct array array = {.count = json_array_size(list->json)};
    if (!node_is_list(list, (size_t)row->min, (size_t)row->max)) {
        return (struct array){0};
    }
    array.entries = arena_alloc(list->document->arena, array.count, row->members->size);
    struct node entry = {0};
    while (array.entries != NULL && node_next(list, &entry)) {
        read_object(row->members, &entry, (char *)array.entries + entry.place * row->members->size);
        struct reason reason;
        if (row->check_entry != NULL && row->check_entry(array.entries, entry.place, &reason) != ERR_OK) {
            node_fault(&entry, "%s", reason.text);
        }
    }
    return array;
}

static void read_control(const struct node *node, struct control_request *request) {
    request->name = arena_format(node->document->arena, "%s", node->key);
    if (json_is_string(node->json)) {
        request->choice = node_text(node);
    } else if (json_is_boolean(node->json) || json_is_integer(node->json)) {
        request->value = json_is_integer(node->json) ? json_integer_value(node->json) : json_is_true(node->json);
    } else {
        node_fault(node, "must be a whole number, true or false, or an entry of the control's menu");
    }
}

static struct array read_controls(const struct setting *row, const struct node *object) {
    struct array array = {.count = count_members(row, object)};
    if (array.count == 0) {
        return array;
    }
    struct control_request *requests = arena_alloc(object->document->arena, array.count, sizeof *requests);
    struct node member = {0};
    for (size_t i = 0; requests != NULL && node_next(object, &member); i++) {
        read_control(&member, &requests[i]);
    }
    array.entries = requests;
    return array;
}

static struct array read_polygons(const struct setting *row, const struct node *list) {
    struct array array = {.count = json_array_size(list->json)};
    if (!node_is_list(list, (size_t)row->min, (size_t)row->max)) {
        return (struct array){0};
    }
    struct polygon *polygons = arena_alloc(list->document->arena, array.count, sizeof *polygons);
    struct node entry = {0};
    while (polygons != NULL && node_next(list, &entry)) {
        polygons[entry.place] = polygon_read(&entry);
    }
    array.entries = polygons;
    return array;
}

static void read_array(const struct setting *row, const struct node *node, char *block) {
    struct array array = row->type == SETTING_OBJECTS     ? read_objects(row, node)
                         : row->type == SETTING_POLYGONS  ? read_polygons(row, node)
                         : row->type == SETTING_CONTROLS  ? read_controls(row, node)
                         : row->type == SETTING_VARIABLES ? read_variables(row, node)
                                                          : read_texts(row, node);
    *(const void **)(block + row->offset) = array.entries;
    *(size_t *)(block + row->count_offset) = array.entries != NULL ? array.count : 0;
}

/* ---- Any key ---- */

static void read_key(const struct setting *row, const struct node *node, char *block) {
    void *field = block + row->offset;
    switch (row->type) {
    case SETTING_BOOLEAN: node_boolean(node, field); break;
    case SETTING_INTEGER:
        *(unsigned *)field = (unsigned)(row->step != 0 ? read_multiple(row, node) : read_integer(row, node));
        break;
    case SETTING_NUMBER: *(double *)field = read_number(row, node); break;
    case SETTING_DURATION: *(int64_t *)field = (int64_t)(read_number(row, node) * (double)row->unit_ns + 0.5); break;
    case SETTING_SIZE: *(uint64_t *)field = (uint64_t)read_measure(row, node, setting_parse_size, SIZE_EXAMPLE); break;
    case SETTING_TIME:
        *(int64_t *)field = (int64_t)(read_measure(row, node, setting_parse_time, TIME_EXAMPLE) * (double)NS_PER_S);
        break;
    case SETTING_FOLDER: *(const char **)field = file_path_resolve(node, row->what); break;
    case SETTING_TEXT: *(const char **)field = read_text(row, node); break;
    case SETTING_PARSED: *(unsigned *)field = read_parsed(row, node); break;
    case SETTING_CHOICE: *(unsigned *)field = (unsigned)row->min + (unsigned)read_choice(row, node); break;
    case SETTING_WORD: {
        size_t choice = read_choice(row, node);
        *(const char **)field = choice != 0 ? setting_choice(row, choice) : NULL;
        break;
    }
    case SETTING_TEXTS:
    case SETTING_FILES:
    case SETTING_VARIABLES:
    case SETTING_OBJECTS:
    case SETTING_CONTROLS:
    case SETTING_POLYGONS: read_array(row, node, block); break;
    case SETTING_OBJECT:
        *(void **)field = arena_alloc(node->document->arena, 1, row->members->size);
        if (*(void **)field != NULL) {
            read_object(row->members, node, *(void **)field);
        }
        break;
    case SETTING_POLYGON: *(struct polygon *)field = polygon_read(node); break;
    case SETTING_CUSTOM: break; /* the caller reads it */
    }
}

void settings_read(struct section *section, const struct setting_table *table, void *const blocks[]) {
    for (size_t i = setting_next(table, 0); i < table->count; i = setting_next(table, i + 1)) {
        const struct setting *row = &table->rows[i];
        struct node node;
        bool found = row->name != NULL && (row->required ? section_require(section, row->name, &node)
                                                         : section_find(section, row->name, &node));
        if (found && row->type != SETTING_CUSTOM) {
            read_key(row, &node, blocks[row->block]);
        }
    }
}

void settings_finish(struct section *section, const struct setting_table *table, void *const blocks[]) {
    struct reason reason;
    const char *key = table->finish != NULL ? table->finish(blocks, &reason) : NULL;
    struct node member;
    if (key != NULL) {
        bool found = key[0] != '\0' && node_find(section->object, key, &member);
        node_fault(found ? &member : section->object, "%s", reason.text);
    }
    section_end(section);
}
