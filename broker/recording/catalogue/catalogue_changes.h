/* The statements that change a catalogue, for what implements catalogue_writer.h. Threads: the writer's. */
#ifndef BROKER_RECORDING_CATALOGUE_CATALOGUE_CHANGES_H
#define BROKER_RECORDING_CATALOGUE_CATALOGUE_CHANGES_H

#include "broker/recording/catalogue/catalogue_database.h"

#include <stddef.h>
#include <stdint.h>

enum change {
    BEGIN,
    COMMIT,
    ROLLBACK,
    FIND_CAMERA,
    ADD_CAMERA,
    COUNT_CAMERA,
    CAMERA_SUMS,
    SUM_CAMERAS,
    LAST_STRETCH,
    ADD_STRETCH,
    GROW_STRETCH,
    ADD_SEGMENT,
    GET_SEGMENT,
    SET_SEGMENT,
    SET_SECONDS,
    OLDEST_OF_ALL,
    OLDEST_OF_CAMERA,
    BETWEEN,
    UNFINISHED,
    HAS_SEGMENT,
    NEWEST_NAME,
    NEXT_STRETCH,
    GROW_STRETCH_BACK,
    FIRST_KEY,
    MARK_SEGMENT,
    STRETCH_BOUNDS,
    END_BEFORE,
    START_BEHIND,
    REST_OF_STRETCH,
    SHRINK_STRETCH,
    DROP_STRETCH,
    MOVE_TO_STRETCH,
    FORGET_SECONDS,
    FORGET_SEGMENT,
    ADD_PROTECTION,
    DROP_PROTECTIONS,
    PROTECT_SEGMENTS,
    ADD_EVENT,
    TRIM_EVENTS,
    CHANGES,
};

struct catalogue_writer {
    sqlite3 *database;
    sqlite3_stmt *statements[CHANGES];
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
/* Values of a statement, and how many. */
#define VALUES(...) (const int64_t[]){__VA_ARGS__}, COUNT_OF(((const int64_t[]){__VA_ARGS__}))

/* The statement with numbers bound from its first place on. NULL: *error says why not. */
sqlite3_stmt *change_bind(struct catalogue_writer *writer, enum change change, const int64_t *values, size_t count,
                          enum err *error);
CHECKED enum err change_run(struct catalogue_writer *writer, enum change change, const int64_t *values, size_t count);
/* The numbers of the first row. ERR_NOT_FOUND: there is none. */
CHECKED enum err change_get(struct catalogue_writer *writer, enum change change, const int64_t *values, size_t count,
                            int64_t *columns, size_t column_count);
/* A text of the row that a statement has stepped to; "" for NULL. */
void change_copy_text(sqlite3_stmt *row, int column, char *text, size_t capacity);

#endif
