#include "broker/recording/catalogue/catalogue_writer.h"

#include "broker/recording/catalogue/catalogue_changes.h"
#include "broker/recording/recording_settings.h"

#include <stdlib.h>
#include <string.h>

enum err catalogue_writer_open(const char *path, struct catalogue_writer **out, struct reason *reason) {
    struct catalogue_writer *writer = calloc(1, sizeof *writer);
    enum err error = writer != NULL ? catalogue_database_create(path, &writer->database, reason) : ERR_MEMORY;
    if (error != ERR_OK) {
        free(writer);
        return error;
    }
    *out = writer;
    return ERR_OK;
}

void catalogue_writer_close(struct catalogue_writer **writer_pointer) {
    struct catalogue_writer *writer = *writer_pointer;
    *writer_pointer = NULL;
    if (writer == NULL) {
        return;
    }
    for (size_t i = 0; i < CHANGES; i++) {
        sqlite3_finalize(writer->statements[i]);
    }
    sqlite3_close(writer->database);
    free(writer);
}

const char *catalogue_writer_error(const struct catalogue_writer *writer) { return sqlite3_errmsg(writer->database); }

enum err catalogue_writer_begin(struct catalogue_writer *writer) { return change_run(writer, BEGIN, NULL, 0); }

enum err catalogue_writer_commit(struct catalogue_writer *writer) { return change_run(writer, COMMIT, NULL, 0); }

void catalogue_writer_rollback(struct catalogue_writer *writer) {
    if (sqlite3_get_autocommit(writer->database) == 0) {
        enum err error = change_run(writer, ROLLBACK, NULL, 0);
        (void)error; /* SQLite has rolled back by itself */
    }
}

/* ---- Cameras ---- */

enum err catalogue_writer_camera(struct catalogue_writer *writer, const char *id, int64_t *camera) {
    enum err error;
    sqlite3_stmt *statement = change_bind(writer, FIND_CAMERA, NULL, 0, &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        *camera = sqlite3_column_int64(statement, 0);
    }
    sqlite3_reset(statement);
    if (result != SQLITE_DONE) {
        return catalogue_error_of(result);
    }
    statement = change_bind(writer, ADD_CAMERA, NULL, 0, &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    error = statement_run(statement);
    *camera = sqlite3_last_insert_rowid(writer->database);
    return error;
}

enum err catalogue_writer_camera_sums(struct catalogue_writer *writer, const char *id, struct camera_sums *sums) {
    enum err error;
    *sums = (struct camera_sums){0};
    sqlite3_stmt *statement = change_bind(writer, CAMERA_SUMS, NULL, 0, &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        sums->key = sqlite3_column_int64(statement, 0);
        sums->bytes = (uint64_t)sqlite3_column_int64(statement, 1);
        sums->oldest_ns = sqlite3_column_int64(statement, 2);
        sums->newest_ns = sqlite3_column_int64(statement, 3);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return catalogue_error_of(result);
}

enum err catalogue_writer_bytes(struct catalogue_writer *writer, uint64_t *bytes) {
    int64_t sum = 0;
    enum err error = change_get(writer, SUM_CAMERAS, NULL, 0, &sum, 1);
    *bytes = (uint64_t)sum;
    return error;
}

/* ---- Segments ---- */

static enum err set_seconds(struct catalogue_writer *writer, int64_t key, const struct segment_row *row) {
    enum err error;
    sqlite3_stmt *statement = change_bind(writer, SET_SECONDS, VALUES(key), &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_blob(statement, 2, row->index_bytes > 0 ? row->index : "", (int)row->index_bytes, SQLITE_STATIC);
    error = statement_run(statement);
    sqlite3_clear_bindings(statement);
    return error;
}

static enum err place_in_stretch(struct catalogue_writer *writer, int64_t camera, const struct segment_row *row,
                                 int64_t *stretch) {
    int64_t last[2] = {0, 0};
    enum err error = row->continues ? change_get(writer, LAST_STRETCH, VALUES(camera), last, 2) : ERR_NOT_FOUND;
    if (error == ERR_OK && (last[1] != 0) == row->is_full) {
        *stretch = last[0];
        return change_run(writer, GROW_STRETCH, VALUES(*stretch, row->end_ns, (int64_t)row->bytes));
    }
    if (error == ERR_OK || error == ERR_NOT_FOUND) {
        error = change_run(writer, ADD_STRETCH,
                           VALUES(camera, row->start_ns, row->end_ns, (int64_t)row->bytes, row->is_full));
        *stretch = sqlite3_last_insert_rowid(writer->database);
    }
    return error;
}

/* key: 0 for the next one. */
static enum err add_segment(struct catalogue_writer *writer, int64_t camera, const struct segment_row *row,
                            int64_t stretch, int64_t key) {
    enum err error;
    sqlite3_stmt *statement = change_bind(writer, ADD_SEGMENT,
                                          VALUES(camera, row->start_ns, row->end_ns, (int64_t)row->bytes,
                                                 (int64_t)row->frames, row->is_finished, row->is_full, stretch),
                                          &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_text(statement, 9, row->name, -1, SQLITE_STATIC);
    if (key != 0) {
        sqlite3_bind_int64(statement, 10, key);
    }
    error = statement_run(statement);
    sqlite3_clear_bindings(statement);
    if (error == ERR_OK) {
        error = set_seconds(writer, sqlite3_last_insert_rowid(writer->database), row);
    }
    return error == ERR_OK
               ? change_run(writer, COUNT_CAMERA, VALUES(camera, 1, (int64_t)row->bytes, (int64_t)row->frames))
               : error;
}

enum err catalogue_writer_insert(struct catalogue_writer *writer, int64_t camera, const struct segment_row *row,
                                 int64_t *key) {
    int64_t stretch = 0;
    enum err error = place_in_stretch(writer, camera, row, &stretch);
    if (error == ERR_OK) {
        error = add_segment(writer, camera, row, stretch, 0);
        *key = sqlite3_last_insert_rowid(writer->database); /* that of its seconds too */
    }
    return error;
}

enum err catalogue_writer_update(struct catalogue_writer *writer, int64_t camera, int64_t key,
                                 const struct segment_row *row) {
    int64_t before[3] = {0};
    enum err error = change_get(writer, GET_SEGMENT, VALUES(key), before, 3);
    const int64_t more_bytes = (int64_t)row->bytes - before[0], more_frames = (int64_t)row->frames - before[1];
    if (error == ERR_OK) {
        error = change_run(writer, SET_SEGMENT,
                           VALUES(key, row->end_ns, (int64_t)row->bytes, (int64_t)row->frames, row->is_finished));
    }
    if (error == ERR_OK) {
        error = set_seconds(writer, key, row);
    }
    if (error == ERR_OK) {
        error = change_run(writer, GROW_STRETCH, VALUES(before[2], row->end_ns, more_bytes));
    }
    return error == ERR_OK ? change_run(writer, COUNT_CAMERA, VALUES(camera, 0, more_bytes, more_frames)) : error;
}

enum err catalogue_writer_has(struct catalogue_writer *writer, int64_t camera, const char *name, bool *has) {
    enum err error;
    sqlite3_stmt *statement = change_bind(writer, HAS_SEGMENT, VALUES(camera), &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    *has = result == SQLITE_ROW;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return catalogue_error_of(result);
}

enum err catalogue_writer_newest_name(struct catalogue_writer *writer, const char *camera_id, char *name,
                                      size_t capacity) {
    enum err error;
    *name = '\0';
    sqlite3_stmt *statement = change_bind(writer, NEWEST_NAME, NULL, 0, &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_text(statement, 1, camera_id, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        change_copy_text(statement, 0, name, capacity);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return catalogue_error_of(result);
}

enum err catalogue_writer_adopt(struct catalogue_writer *writer, int64_t camera, const struct segment_row *row,
                                int64_t gap_ns) {
    int64_t next[3] = {0, 0, 0}, first_key = 0, stretch = 0;
    enum err error = change_get(writer, NEXT_STRETCH, VALUES(camera, row->start_ns), next, 3);
    if (error == ERR_OK && (next[1] != 0) == row->is_full && next[2] - row->end_ns <= gap_ns) {
        stretch = next[0];
        error = change_run(writer, GROW_STRETCH_BACK, VALUES(stretch, row->start_ns, (int64_t)row->bytes));
    } else if (error == ERR_OK || error == ERR_NOT_FOUND) {
        error = change_run(writer, ADD_STRETCH,
                           VALUES(camera, row->start_ns, row->end_ns, (int64_t)row->bytes, row->is_full));
        stretch = sqlite3_last_insert_rowid(writer->database);
    }
    if (error == ERR_OK) {
        error = change_get(writer, FIRST_KEY, NULL, 0, &first_key, 1);
    }
    return error == ERR_OK ? add_segment(writer, camera, row, stretch, first_key - 1) : error;
}

/* ---- Protection ---- */

static enum err protect_segments(struct catalogue_writer *writer, int64_t camera, int64_t from_ns, int64_t to_ns) {
    const int64_t earliest_ns = from_ns > INT64_MIN + SEGMENT_MAX_NS ? from_ns - SEGMENT_MAX_NS : INT64_MIN;
    return change_run(writer, PROTECT_SEGMENTS, VALUES(camera, earliest_ns, to_ns));
}

enum err catalogue_writer_protect(struct catalogue_writer *writer, int64_t camera, int64_t from_ns, int64_t to_ns) {
    enum err error = change_run(writer, ADD_PROTECTION, VALUES(camera, from_ns, to_ns));
    return error == ERR_OK ? protect_segments(writer, camera, from_ns, to_ns) : error;
}

enum err catalogue_writer_release(struct catalogue_writer *writer, int64_t camera, int64_t from_ns, int64_t to_ns) {
    enum err error = change_run(writer, DROP_PROTECTIONS, VALUES(camera, from_ns, to_ns));
    return error == ERR_OK ? protect_segments(writer, camera, from_ns, to_ns) : error;
}

/* ---- History ---- */

enum err catalogue_writer_add_event(struct catalogue_writer *writer, int64_t at_ns, const char *camera,
                                    const char *kind, const char *details) {
    int64_t camera_key = 0;
    enum err error = catalogue_writer_camera(writer, camera, &camera_key);
    if (error != ERR_OK) {
        return error;
    }
    sqlite3_stmt *statement = change_bind(writer, ADD_EVENT, VALUES(at_ns, camera_key), &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_text(statement, 3, kind, (int)strnlen(kind, HISTORY_KIND_MAX_BYTES), SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, details, (int)strnlen(details, HISTORY_DETAILS_MAX_BYTES), SQLITE_STATIC);
    error = statement_run(statement);
    sqlite3_clear_bindings(statement);
    return error;
}

enum err catalogue_writer_trim_events(struct catalogue_writer *writer, int64_t before_ns, size_t max) {
    return change_run(writer, TRIM_EVENTS, VALUES(before_ns, (int64_t)max));
}

void catalogue_writer_import(struct catalogue_writer *writer, const char *file) {
    static const char *const steps[] = {
        "INSERT OR IGNORE INTO cameras(id) SELECT id FROM old.cameras",
        "INSERT INTO protections(camera, from_ns, to_ns) SELECT own.key, from_ns, to_ns FROM old.protections AS theirs"
        " JOIN old.cameras AS their ON their.key = theirs.camera JOIN main.cameras AS own ON own.id = their.id",
        "INSERT INTO events(at_ns, camera, kind, details) SELECT at_ns, own.key, kind, details FROM old.events AS "
        "theirs"
        " JOIN old.cameras AS their ON their.key = theirs.camera JOIN main.cameras AS own ON own.id = their.id"
        " ORDER BY theirs.key",
    };
    char *attach = sqlite3_mprintf("ATTACH %Q AS old", file);
    if (attach != NULL && sqlite3_exec(writer->database, attach, NULL, NULL, NULL) == SQLITE_OK) {
        for (size_t i = 0; i < COUNT_OF(steps); i++) {
            sqlite3_exec(writer->database, steps[i], NULL, NULL, NULL); /* what is broken stays behind */
        }
        sqlite3_exec(writer->database, "DETACH old", NULL, NULL, NULL);
    }
    sqlite3_free(attach);
}
