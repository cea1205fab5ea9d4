#include "broker/settings/setting.h"

#include "broker/base/clock.h"
#include "broker/settings/setting_units.h"

#include <assert.h>
#include <string.h>

size_t setting_next(const struct setting_table *table, size_t index) {
    while (index < table->count && table->rows[index].scope != 0 && (table->rows[index].scope & table->scope) == 0) {
        index++;
    }
    return index;
}

const struct setting *setting_find(const struct setting_table *table, const char *name) {
    for (size_t i = setting_next(table, 0); i < table->count; i = setting_next(table, i + 1)) {
        if (table->rows[i].name != NULL && strcmp(table->rows[i].name, name) == 0) {
            return &table->rows[i];
        }
    }
    return NULL;
}

const char *setting_choice(const struct setting *row, size_t index) {
    return row->choice_at != NULL ? row->choice_at(index) : row->choices[index];
}

/* 0 without a default. */
static double parse_default(const struct setting *row, bool (*parse)(const char *text, double *value)) {
    double value = 0;
    if (row->fallback_text != NULL && !parse(row->fallback_text, &value)) {
        assert(false);
    }
    return value;
}

static void set_default(const struct setting *row, void *field) {
    switch (row->type) {
    case SETTING_BOOLEAN: *(bool *)field = row->fallback != 0; break;
    case SETTING_INTEGER:
    case SETTING_PARSED:
    case SETTING_CHOICE: *(unsigned *)field = (unsigned)row->fallback; break;
    case SETTING_NUMBER: *(double *)field = row->fallback; break;
    case SETTING_DURATION: *(int64_t *)field = (int64_t)(row->fallback * (double)row->unit_ns); break;
    case SETTING_SIZE: *(uint64_t *)field = (uint64_t)parse_default(row, setting_parse_size); break;
    case SETTING_TIME: *(int64_t *)field = (int64_t)(parse_default(row, setting_parse_time) * (double)NS_PER_S); break;
    case SETTING_TEXT:
    case SETTING_WORD:
    case SETTING_FOLDER: *(const char **)field = NULL; break;
    case SETTING_TEXTS:
    case SETTING_FILES:
    case SETTING_VARIABLES:
    case SETTING_OBJECTS:
    case SETTING_CONTROLS:
    case SETTING_OBJECT:
    case SETTING_POLYGON:
    case SETTING_POLYGONS:
    case SETTING_CUSTOM: break; /* zeroed by the caller, or set by the reader */
    }
}

void settings_set_defaults(const struct setting_table *table, void *const blocks[]) {
    for (size_t i = setting_next(table, 0); i < table->count; i = setting_next(table, i + 1)) {
        const struct setting *row = &table->rows[i];
        if (!row->inherited && row->name != NULL) {
            set_default(row, (char *)blocks[row->block] + row->offset);
        }
    }
}

/* ---- Comparing ---- */

/* Either may be NULL, which equals only itself. */
static bool equal_texts(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool equal_objects(const struct setting_table *table, const void *a, const void *b) {
    return a == NULL || b == NULL ? a == b : settings_equal(table, (const void *const[]){a}, (const void *const[]){b});
}

static bool equal_entries(const struct setting *row, const void *a, const void *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (row->type == SETTING_OBJECTS) {
            const size_t at = i * row->members->size;
            if (!equal_objects(row->members, (const char *)a + at, (const char *)b + at)) {
                return false;
            }
        } else if (row->type == SETTING_POLYGONS) {
            if (!polygon_equal(&((const struct polygon *)a)[i], &((const struct polygon *)b)[i])) {
                return false;
            }
        } else if (row->type == SETTING_CONTROLS) {
            const struct control_request *first = a, *second = b;
            if (!equal_texts(first[i].name, second[i].name) || !equal_texts(first[i].choice, second[i].choice) ||
                first[i].value != second[i].value) {
                return false;
            }
        } else if (!equal_texts(((const char *const *)a)[i], ((const char *const *)b)[i])) {
            return false;
        }
    }
    return true;
}

static bool equal_arrays(const struct setting *row, const char *a, const char *b) {
    const size_t count = *(const size_t *)(a + row->count_offset);
    return count == *(const size_t *)(b + row->count_offset) &&
           equal_entries(row, *(const void *const *)(a + row->offset), *(const void *const *)(b + row->offset), count);
}

bool setting_equal(const struct setting *row, const void *const a[], const void *const b[]) {
    const char *first = (const char *)a[row->block] + row->offset, *second = (const char *)b[row->block] + row->offset;
    switch (row->type) {
    case SETTING_BOOLEAN: return *(const bool *)first == *(const bool *)second;
    case SETTING_INTEGER:
    case SETTING_PARSED:
    case SETTING_CHOICE: return *(const unsigned *)first == *(const unsigned *)second;
    /* cppcheck-suppress invalidPointerCast; the field is a double */
    case SETTING_NUMBER: return *(const double *)first == *(const double *)second;
    case SETTING_SIZE: return *(const uint64_t *)first == *(const uint64_t *)second;
    case SETTING_TIME:
    case SETTING_DURATION: return *(const int64_t *)first == *(const int64_t *)second;
    case SETTING_TEXT:
    case SETTING_WORD:
    case SETTING_FOLDER: return equal_texts(*(const char *const *)first, *(const char *const *)second);
    case SETTING_TEXTS:
    case SETTING_FILES:
    case SETTING_VARIABLES:
    case SETTING_OBJECTS:
    case SETTING_CONTROLS:
    case SETTING_POLYGONS: return equal_arrays(row, a[row->block], b[row->block]);
    case SETTING_OBJECT: return equal_objects(row->members, *(const void *const *)first, *(const void *const *)second);
    case SETTING_POLYGON: return polygon_equal((const void *)first, (const void *)second);
    case SETTING_CUSTOM: return row->equal(first, second);
    }
    return false;
}

static bool equal_rows(const struct setting_table *table, const void *const a[], const void *const b[], bool but_live) {
    for (size_t i = setting_next(table, 0); i < table->count; i = setting_next(table, i + 1)) {
        const struct setting *row = &table->rows[i];
        if (!(but_live && row->change == SETTING_LIVE) && !setting_equal(row, a, b)) {
            return false;
        }
    }
    return true;
}

bool settings_equal(const struct setting_table *table, const void *const a[], const void *const b[]) {
    return equal_rows(table, a, b, false);
}

bool settings_equal_but_live(const struct setting_table *table, const void *const a[], const void *const b[]) {
    return equal_rows(table, a, b, true);
}

bool setting_needs_restart(const struct setting *row, const void *const running[], const void *const wanted[]) {
    if (row->change == SETTING_RESTART_RAISED) {
        const unsigned before = *(const unsigned *)((const char *)running[row->block] + row->offset);
        return *(const unsigned *)((const char *)wanted[row->block] + row->offset) > before;
    }
    return row->change == SETTING_RESTART && !setting_equal(row, running, wanted);
}

bool setting_equal_chars(const void *a, const void *b) { return strcmp(a, b) == 0; }
