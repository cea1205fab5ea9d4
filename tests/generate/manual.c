#include "cameras/registry.h"
#include "tests/generate/generate.h"

#include <ctype.h>
#include <string.h>

#define LINE_COLUMNS 80
/* Longer lists of choices are described by their help. */
#define CHOICES_MAX 4

/* ---- Text ---- */

/* The bytes of the next sentence, which ends before a blank and a capital letter, or at the end. */
static size_t sentence_bytes(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        bool ends = text[length] == '.' && text[length + 1] == ' ' && !islower((unsigned char)text[length + 2]);
        length++;
        if (ends) {
            break;
        }
    }
    return length;
}

static void write_word(FILE *out, const char *word, size_t bytes, bool first) {
    if (first && (word[0] == '.' || word[0] == '\'')) {
        fputs("\\&", out);
    }
    for (size_t i = 0; i < bytes; i++) {
        fputs(word[i] == '\\' ? "\\e" : (char[]){word[i], '\0'}, out);
    }
}

/* mdoc wants a line for each sentence at least. */
static void write_text(FILE *out, const char *text) {
    while (*text != '\0') {
        const char *end = text + sentence_bytes(text);
        for (size_t column = 0; text < end;) {
            size_t bytes = strcspn(text, " ");
            bool breaks = column == 0 || column + 1 + bytes > LINE_COLUMNS;
            if (column > 0) {
                putc(breaks ? '\n' : ' ', out);
            }
            write_word(out, text, bytes, breaks);
            column = breaks ? bytes : column + 1 + bytes;
            text += bytes + (text[bytes] == ' ');
        }
        putc('\n', out);
    }
}

/* ---- What stands in brackets behind a key ---- */

static size_t count_choices(const struct setting *row) {
    size_t count = 0;
    while (setting_choice(row, count) != NULL) {
        count++;
    }
    return count;
}

static void write_choices(FILE *out, const struct setting *row) {
    const size_t count = count_choices(row);
    if (count > CHOICES_MAX) {
        fputs("text", out);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%sQo %s Qc", i == 0 ? "" : i + 1 == count ? " or " : " , ", setting_choice(row, i));
    }
}

static void write_entries(FILE *out, const struct setting *row, const char *what) {
    fputs("list of ", out);
    if (row->min > 0) {
        fprintf(out, "%.15g to %.15g %s", row->min, row->max, what);
    } else {
        fprintf(out, "up to %.15g %s", row->max, what);
    }
}

static void write_type(FILE *out, const struct setting *row) {
    switch (row->type) {
    case SETTING_BOOLEAN: fputs("boolean", out); break;
    case SETTING_INTEGER:
        if (row->step == 0) {
            fprintf(out, "integer, %.15g to %.15g", row->min, row->max);
        } else {
            for (double value = row->min; value <= row->max; value += row->step) {
                fprintf(out, "%s%.15g", value <= row->min ? "" : value + row->step > row->max ? " or " : ", ", value);
            }
        }
        break;
    case SETTING_NUMBER:
    case SETTING_DURATION: fprintf(out, "number, %.15g to %.15g", row->min, row->max); break;
    case SETTING_TEXT:
        fputs("text", out);
        if (row->max > 0) {
            fprintf(out, " of %.15g to %.15g bytes", row->min, row->max);
        }
        break;
    case SETTING_SIZE: fputs("size", out); break;
    case SETTING_TIME: fputs("time", out); break;
    case SETTING_FOLDER: fputs("text", out); break;
    case SETTING_PARSED: fputs("text", out); break;
    case SETTING_CHOICE:
    case SETTING_WORD: write_choices(out, row); break;
    case SETTING_TEXTS:
    case SETTING_FILES: write_entries(out, row, "texts"); break;
    case SETTING_OBJECTS: write_entries(out, row, "objects"); break;
    case SETTING_CONTROLS: fprintf(out, "object of up to %.15g values", row->max); break;
    case SETTING_VARIABLES: fprintf(out, "object of up to %.15g texts", row->max); break;
    case SETTING_OBJECT: fputs("object", out); break;
    case SETTING_POLYGON: fprintf(out, "list of %d to %d points", POLYGON_POINTS_MIN, POLYGON_POINTS_MAX); break;
    case SETTING_POLYGONS: write_entries(out, row, "polygons"); break;
    case SETTING_CUSTOM: fputs(row->shape, out); break;
    }
}

/* Behind a macro it stands alone. */
static const char *comma_behind_type(const struct setting *row) {
    return row->type == SETTING_CHOICE || row->type == SETTING_WORD ? " ," : ",";
}

static void write_default(FILE *out, const struct setting *row) {
    const char *comma = comma_behind_type(row);
    if (row->fallback_text != NULL) {
        if (row->fallback_text[0] != '\0') {
            fprintf(out, "%s default %s", comma, row->fallback_text);
        }
    } else if (row->type == SETTING_BOOLEAN) {
        fprintf(out, "%s default %s", comma, row->fallback != 0 ? "true" : "false");
    } else if (row->type == SETTING_CHOICE || row->type == SETTING_WORD) {
        fprintf(out, "%s default %s", comma, setting_choice(row, (size_t)(row->fallback - row->min)));
    } else {
        fprintf(out, "%s default %.15g", comma, row->fallback);
    }
}

/* ---- The list ---- */

static void write_key(FILE *out, const struct setting_table *table, const struct setting *row, bool with_help) {
    fprintf(out, ".It Cm %s Pq ", row->name);
    write_type(out, row);
    if (has_default(table, row)) {
        write_default(out, row);
    }
    if (row->required) {
        fprintf(out, "%s required", comma_behind_type(row));
    }
    fputs("\n", out);
    if (!with_help) {
        return;
    }
    write_text(out, row->help);
    if (row->change != SETTING_RELOAD && row->change != SETTING_LIVE) {
        fputs(row->change == SETTING_RESTART ? "A change takes a restart.\n" : "A higher value takes a restart.\n",
              out);
    }
}

void write_keys(FILE *out, const struct setting_table *const *tables, size_t count, bool with_help) {
    fputs(".Bl -tag -width Ds\n", out);
    if (camera_type_find(tables[0]->name) != NULL) {
        fprintf(out, ".It Cm type Pq Qo %s Qc , required\n", tables[0]->name);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = setting_next(tables[i], 0); j < tables[i]->count; j = setting_next(tables[i], j + 1)) {
            const struct setting *row = &tables[i]->rows[j];
            bool is_new = row->name != NULL && (i == 0 || setting_find(tables[i - 1], row->name) == NULL);
            if (is_new) {
                write_key(out, tables[i], row, with_help);
            }
        }
    }
    fputs(".El\n", out);
}
