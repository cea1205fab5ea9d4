/* Tables of settings: one row says all about a key of the configuration. The reader, the check of its range, its
 * default, the comparison at a reload, what needs a restart, the schema for editors and the manual are made from it.
 *
 * A table describes one object of the file. Its rows fill the fields of one or more structs, which functions take as
 * `blocks`: row.block is the struct's place in that list, row.offset the field's in the struct.
 *
 * Threads: any. */
#ifndef BROKER_SETTINGS_SETTING_H
#define BROKER_SETTINGS_SETTING_H

#include "broker/base/err.h"
#include "broker/control.h"
#include "broker/frame/polygon.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The type of the key, and of the field that it fills. */
enum setting_type {
    SETTING_BOOLEAN,   /* bool */
    SETTING_INTEGER,   /* unsigned, or int; from min to max */
    SETTING_NUMBER,    /* double; from min to max */
    SETTING_DURATION,  /* int64_t, nanoseconds; in the file from min to max of unit_ns */
    SETTING_TEXT,      /* const char *; NULL: left out, or fallback_text; min to max bytes, where max is not 0 */
    SETTING_SIZE,      /* uint64_t, bytes: a number, or a text with a unit (setting_units.h); from min to max */
    SETTING_TIME,      /* int64_t, nanoseconds: seconds, or a text with a unit; from min to max seconds */
    SETTING_CHOICE,    /* an enum: min for the first choice, and so on */
    SETTING_WORD,      /* const char *: one of the choices; NULL: left out, or the first */
    SETTING_FOLDER,    /* const char *: a path, relative to the file; it need not exist */
    SETTING_TEXTS,     /* const char *const *, up to a NULL, with a count; min to max entries */
    SETTING_FILES,     /* the same, of paths */
    SETTING_VARIABLES, /* the same, of "NAME=VALUE"; in the file an object of texts */
    SETTING_OBJECTS,   /* an array of the structs that `members` describes, with a count; min to max entries */
    SETTING_CONTROLS,  /* an array of struct control_request, with a count; up to max entries */
    SETTING_PARSED,    /* unsigned: written as a text, which `parse` reads */
    SETTING_OBJECT,    /* a pointer to the struct that `members` describes; NULL: left out */
    SETTING_POLYGON,   /* struct polygon */
    SETTING_POLYGONS,  /* an array of struct polygon, with a count; min to max entries */
    SETTING_CUSTOM,    /* any: its reader is in config/, its comparison `equal` */
};

/* When a change takes effect. */
enum setting_change {
    SETTING_RELOAD,         /* at a reload; a camera is opened again */
    SETTING_LIVE,           /* at a reload, while the camera stays open */
    SETTING_RESTART,        /* at a restart of the program */
    SETTING_RESTART_RAISED, /* at a reload, unless it exceeds the value at the start */
};

struct setting_table;

/* ERR_INVALID with a reason, which follows the name of the key. */
typedef enum err setting_check(const char *text, struct reason *reason);
/* The same, with the value. */
typedef enum err setting_parse(const char *text, unsigned *value, struct reason *reason);

struct setting {
    const char *name; /* the key; NULL: not in the file, only compared */
    const char *help; /* sentences, for the schema and the manual */
    enum setting_type type;
    unsigned block;
    size_t offset, count_offset; /* of the field, and of its size_t count where it has one */
    unsigned scope;              /* a set of tables that have the row, see setting_table; 0: all */
    enum setting_change change;
    bool required;
    bool inherited; /* the value stands there already: the row sets no default */
    bool optional;  /* the default stands for a key that is left out, and is not shown */

    double min, max, fallback; /* fallback: the default, a boolean's and a choice's too */
    int64_t unit_ns;
    unsigned step;                          /* an integer's: it is a multiple of this; 0: any */
    const char *fallback_text;              /* as written in the file; the default of a size and a time */
    const char *const *choices;             /* up to a NULL */
    const char *(*choice_at)(size_t index); /* the same as a function; NULL: the choices are a list */
    const char *what;                       /* a choice's or a file's kind: "format", "JPEG" */
    const struct setting_table *members;    /* of SETTING_OBJECT and SETTING_OBJECTS */
    /* Of SETTING_OBJECTS: checks an entry against those before it, once it is read. ERR_INVALID with a reason. */
    enum err (*check_entry)(const void *entries, size_t index, struct reason *reason);
    bool (*is_path)(const char *text);           /* a text that is the path of a file */
    setting_check *check;                        /* a text's; NULL: any */
    setting_parse *parse;                        /* of SETTING_PARSED */
    bool (*equal)(const void *a, const void *b); /* of SETTING_CUSTOM: compares two fields */

    const char *schema; /* further members of its JSON Schema; all of them for SETTING_CUSTOM */
    const char *shape;  /* SETTING_CUSTOM: what the manual calls it: "text" */
};

/* The value of a macro that is a plain number, for `schema` and `shape`. */
#define SETTING_TEXT_OF(macro) SETTING_QUOTE(macro)
#define SETTING_QUOTE(number) #number

struct setting_table {
    const char *name; /* of the object: in the schema, in the registry of drivers */
    const char *help;
    const struct setting *rows;
    size_t count;
    unsigned scope;     /* rows without any of these bits are not in the table */
    size_t size;        /* of the struct of the last block, where readers allocate it */
    const char *schema; /* further members of its JSON Schema */
    /* Checks what concerns several keys, once all are read, and completes the blocks. Returns the key at fault ("": the
     * object) with a reason; NULL: none. May be NULL. */
    const char *(*finish)(void *const blocks[], struct reason *reason);
};

/* The place of the first row at or after `index` that the table has; table->count at the end. */
size_t setting_next(const struct setting_table *table, size_t index);
/* NULL: there is none of that name. */
const struct setting *setting_find(const struct setting_table *table, const char *name);
/* A choice by its place; NULL behind the last. */
const char *setting_choice(const struct setting *row, size_t index);
/* Fills every field with its default, but for those that are inherited. */
void settings_set_defaults(const struct setting_table *table, void *const blocks[]);
/* Whether one row's fields are equal; texts and arrays are compared by their contents. */
bool setting_equal(const struct setting *row, const void *const a[], const void *const b[]);
bool settings_equal(const struct setting_table *table, const void *const a[], const void *const b[]);
/* But for the rows of SETTING_LIVE. */
bool settings_equal_but_live(const struct setting_table *table, const void *const a[], const void *const b[]);
/* Whether a change from `running` to `wanted` takes effect at the next restart only. */
bool setting_needs_restart(const struct setting *row, const void *const running[], const void *const wanted[]);

/* For rows of SETTING_CUSTOM: compares arrays of char. */
bool setting_equal_chars(const void *a, const void *b);

#endif
