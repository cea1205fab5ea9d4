#include "broker/settings/setting_units.h"
#include "cameras/registry.h"
#include "cameras/settings.h"
#include "config/tables.h"
#include "tests/generate/generate.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A list of camera ids, which several objects have. */
#define ACCOUNT_CAMERAS                                                                                                \
    "\"type\": \"array\", \"minItems\": 1, \"maxItems\": 1000, "                                                       \
    "\"items\": { \"type\": \"string\", \"minLength\": 1, \"maxLength\": 64 }"

/* Points of a polygon. */
#define POLYGON                                                                                                        \
    "\"description\": \"Points, each [x, y] in fractions of the picture as shown, from its upper left corner.\", "     \
    "\"type\": \"array\", \"minItems\": " SETTING_TEXT_OF(POLYGON_POINTS_MIN) ", \"maxItems\": " SETTING_TEXT_OF(      \
        POLYGON_POINTS_MAX) ", "                                                                                       \
                            "\"items\": { \"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, "                     \
                            "\"items\": { \"type\": \"number\", \"minimum\": 0, \"maximum\": 1 } }"

static json_t *number_json(double number) {
    return (double)(json_int_t)number == number ? json_integer((json_int_t)number) : json_real(number);
}

/* Adds members that are written as text. */
static void add_members(json_t *object, const char *members) {
    if (members == NULL) {
        return;
    }
    char text[2000];
    json_error_t problem;
    snprintf(text, sizeof text, "{%s}", members);
    json_t *parsed = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    if (parsed == NULL) {
        fprintf(stderr, "not JSON: %s: %s\n", text, problem.text);
        exit(1);
    }
    json_object_update_new(object, parsed);
}

static void add_text(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, json_string(text));
}

/* A bound that is 0 is none. */
static void add_bound(json_t *object, const char *key, double bound) {
    if (bound > 0) {
        json_object_set_new(object, key, number_json(bound));
    }
}

static void add_range(json_t *object, const char *type, const struct setting *row) {
    add_text(object, "type", type);
    json_object_set_new(object, "minimum", number_json(row->min));
    json_object_set_new(object, "maximum", number_json(row->max));
}

static void add_list(json_t *object, const struct setting *row, const char *items) {
    add_text(object, "type", "array");
    add_bound(object, "minItems", row->min);
    add_bound(object, "maxItems", row->max);
    add_members(object, items);
}

static json_t *choices_json(const struct setting *row) {
    json_t *list = json_array();
    for (double number = row->min; row->step != 0 && number <= row->max; number += row->step) {
        json_array_append_new(list, number_json(number));
    }
    for (size_t i = 0; row->step == 0 && setting_choice(row, i) != NULL; i++) {
        json_array_append_new(list, json_string(setting_choice(row, i)));
    }
    return list;
}

static void add_type(json_t *object, const struct setting *row) {
    char reference[100];
    switch (row->type) {
    case SETTING_BOOLEAN: add_text(object, "type", "boolean"); break;
    case SETTING_INTEGER:
        if (row->step != 0) {
            json_object_set_new(object, "enum", choices_json(row));
        } else {
            add_range(object, "integer", row);
        }
        break;
    case SETTING_NUMBER:
    case SETTING_DURATION: add_range(object, "number", row); break;
    case SETTING_TEXT:
        add_text(object, "type", "string");
        add_bound(object, "minLength", row->min);
        add_bound(object, "maxLength", row->max);
        break;
    case SETTING_SIZE:
        add_members(object,
                    "\"type\": [\"integer\", \"string\"], \"minimum\": 0, \"pattern\": \"" SETTING_SIZE_PATTERN "\"");
        break;
    case SETTING_TIME:
        add_members(object,
                    "\"type\": [\"number\", \"string\"], \"minimum\": 0, \"pattern\": \"" SETTING_TIME_PATTERN "\"");
        break;
    case SETTING_FOLDER: add_members(object, "\"type\": \"string\", \"minLength\": 1"); break;
    case SETTING_PARSED: add_text(object, "type", "string"); break;
    case SETTING_CHOICE:
    case SETTING_WORD: json_object_set_new(object, "enum", choices_json(row)); break;
    case SETTING_TEXTS:
    case SETTING_FILES: add_list(object, row, "\"items\": { \"type\": \"string\", \"minLength\": 1 }"); break;
    case SETTING_OBJECTS:
        snprintf(reference, sizeof reference, "\"items\": { \"$ref\": \"#/$defs/%s\" }", row->members->name);
        add_list(object, row, reference);
        break;
    case SETTING_CONTROLS:
        add_text(object, "type", "object");
        add_bound(object, "maxProperties", row->max);
        add_members(object, "\"additionalProperties\": { \"type\": [\"integer\", \"boolean\", \"string\"] }");
        break;
    case SETTING_VARIABLES:
        add_text(object, "type", "object");
        add_bound(object, "maxProperties", row->max);
        add_members(object, "\"propertyNames\": { \"pattern\": \"^[A-Za-z_][A-Za-z0-9_]*$\" }, "
                            "\"additionalProperties\": { \"type\": \"string\" }");
        break;
    case SETTING_OBJECT:
        snprintf(reference, sizeof reference, "#/$defs/%s", row->members->name);
        add_text(object, "$ref", reference);
        break;
    case SETTING_POLYGON: add_text(object, "$ref", "#/$defs/polygon"); break;
    case SETTING_POLYGONS: add_list(object, row, "\"items\": { \"$ref\": \"#/$defs/polygon\" }"); break;
    case SETTING_CUSTOM: break;
    }
    add_members(object, row->schema);
}

static void add_default(json_t *object, const struct setting *row) {
    json_t *value = NULL;
    if (row->fallback_text != NULL) {
        value = json_string(row->fallback_text);
    } else if (row->type == SETTING_BOOLEAN) {
        value = json_boolean(row->fallback != 0);
    } else if (row->type == SETTING_CHOICE || row->type == SETTING_WORD) {
        value = json_string(setting_choice(row, (size_t)(row->fallback - row->min)));
    } else {
        value = number_json(row->fallback);
    }
    json_object_set_new(object, "default", value);
}

/* ---- Objects ---- */

static json_t *source_json(void) {
    json_t *kinds = json_array();
    for (const struct camera_type *type = camera_types; type->name != NULL; type++) {
        char reference[100];
        snprintf(reference, sizeof reference, "#/$defs/%s", type->name);
        json_array_append_new(kinds, json_pack("{s:s}", "$ref", reference));
    }
    return json_pack("{s:s, s:[s], s:o}", "type", "object", "required", "type", "oneOf", kinds);
}

static json_t *key_json(const struct setting_table *table, const struct setting *row) {
    json_t *object = json_object();
    add_text(object, "description", row->help);
    if (table == &camera_settings_table && strcmp(row->name, "source") == 0) {
        json_object_update_new(object, source_json());
        return object;
    }
    add_type(object, row);
    if (has_default(table, row)) {
        add_default(object, row);
    }
    return object;
}

/* is_source: it has a type, which is the table's name. */
static void add_keys(json_t *object, const struct setting_table *table, bool is_source) {
    json_t *required = json_array(), *properties = json_object();
    if (is_source) {
        json_array_append_new(required, json_string("type"));
        json_object_set_new(properties, "type", json_pack("{s:s}", "const", table->name));
    }
    for (size_t i = setting_next(table, 0); i < table->count; i = setting_next(table, i + 1)) {
        const struct setting *row = &table->rows[i];
        if (row->name != NULL) {
            json_object_set_new(properties, row->name, key_json(table, row));
        }
        if (row->name != NULL && row->required) {
            json_array_append_new(required, json_string(row->name));
        }
    }
    add_text(object, "description", table->help);
    add_text(object, "type", "object");
    json_object_set_new(object, "additionalProperties", json_false());
    if (json_array_size(required) > 0) {
        json_object_set(object, "required", required);
    }
    json_decref(required);
    add_members(object, table->schema);
    json_object_set_new(object, "properties", properties);
}

static void add_definition(json_t *definitions, const struct setting_table *table, bool is_source) {
    json_t *object = json_object();
    add_keys(object, table, is_source);
    json_object_set_new(definitions, table->name, object);
}

void write_schema(FILE *out) {
    json_t *schema = json_object(), *definitions = json_object(), *cameras = json_object(), *polygon = json_object();
    add_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_text(schema, "title", "framebroker configuration");
    add_keys(schema, &root_table, false);
    for (const struct setting_table *const *table = setting_tables; *table != NULL; table++) {
        add_definition(definitions, *table, false);
    }
    for (const struct camera_type *type = camera_types; type->name != NULL; type++) {
        add_definition(definitions, type->settings, true);
    }
    add_members(cameras, ACCOUNT_CAMERAS);
    json_object_set_new(definitions, "account_cameras", cameras);
    add_members(polygon, POLYGON);
    json_object_set_new(definitions, "polygon", polygon);
    json_object_set_new(schema, "$defs", definitions);
    json_dumpf(schema, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putc('\n', out);
    json_decref(schema);
}
