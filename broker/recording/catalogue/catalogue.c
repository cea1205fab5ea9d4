#include "broker/recording/catalogue/catalogue.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/recording/catalogue/catalogue_database.h"
#include "broker/recording/recording_settings.h"
#include "broker/recording/segment/segment_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_COLUMNS "key, start_ns, end_ns, bytes, frames, state, full, protected, name"
#define OF_CAMERA " camera = (SELECT key FROM cameras WHERE id = ?1)"

enum query {
    QUERY_CAMERAS,
    QUERY_CAMERA,
    QUERY_SEGMENTS,
    QUERY_SEGMENT_AT,
    QUERY_SEGMENT_AFTER,
    QUERY_SECONDS,
    QUERY_STRETCHES,
    QUERY_FIRST_STRETCH,
    QUERY_LAST_STRETCH,
    QUERY_PROTECTIONS,
    QUERY_EVENT,
    QUERY_HISTORY_FIRST,
};

#define STRETCH_COLUMNS "start_ns, end_ns, bytes, full"
#define STRETCH_OF_KIND                                                                                                \
    "SELECT " STRETCH_COLUMNS " FROM stretches WHERE" OF_CAMERA " AND full = ?2 AND start_ns > ?3 AND start_ns <= ?4"
#define CAMERA_COLUMNS                                                                                                 \
    "id, segments, bytes, frames,"                                                                                     \
    " (SELECT start_ns FROM segments WHERE camera = cameras.key ORDER BY start_ns LIMIT 1),"                           \
    " (SELECT end_ns FROM segments WHERE camera = cameras.key ORDER BY start_ns DESC LIMIT 1)"

static const char *const texts[QUERY_HISTORY_FIRST] = {
    [QUERY_CAMERAS] = "SELECT " CAMERA_COLUMNS " FROM cameras WHERE id > ?1 ORDER BY id LIMIT ?2",
    [QUERY_CAMERA] = "SELECT " CAMERA_COLUMNS " FROM cameras WHERE id = ?1",
    [QUERY_SEGMENTS] = "SELECT " SEGMENT_COLUMNS " FROM segments WHERE" OF_CAMERA
                       " AND (start_ns, key) > (?2, ?3) AND start_ns <= ?4 AND end_ns >= ?5 AND state <> 2"
                       " ORDER BY start_ns, key LIMIT ?6",
    [QUERY_SEGMENT_AT] = "SELECT " SEGMENT_COLUMNS " FROM segments WHERE" OF_CAMERA
                         " AND start_ns <= ?2 AND state <> 2 ORDER BY start_ns DESC, key DESC LIMIT 1",
    [QUERY_SEGMENT_AFTER] = "SELECT " SEGMENT_COLUMNS " FROM segments WHERE" OF_CAMERA
                            " AND (start_ns, key) > (?2, ?3) AND state <> 2 ORDER BY start_ns, key LIMIT 1",
    [QUERY_SECONDS] = "SELECT packed FROM seconds WHERE segment = ?1",
    [QUERY_STRETCHES] = "SELECT " STRETCH_COLUMNS " FROM stretches WHERE" OF_CAMERA
                        " AND start_ns >= coalesce((SELECT start_ns FROM stretches WHERE" OF_CAMERA
                        " AND start_ns <= ?2 ORDER BY start_ns DESC LIMIT 1), ?2)"
                        " AND start_ns <= ?3 AND start_ns > ?4 AND end_ns >= ?2 ORDER BY start_ns LIMIT ?5",
    [QUERY_FIRST_STRETCH] = STRETCH_OF_KIND " ORDER BY start_ns LIMIT 1",
    [QUERY_LAST_STRETCH] = STRETCH_OF_KIND " ORDER BY start_ns DESC LIMIT 1",
    [QUERY_PROTECTIONS] = "SELECT protections.key, id, from_ns, to_ns FROM protections JOIN cameras"
                          " ON cameras.key = camera WHERE (?1 IS NULL OR id = ?1) AND protections.key > ?2"
                          " ORDER BY protections.key LIMIT ?3",
    [QUERY_EVENT] = "SELECT at_ns FROM events WHERE key = ?1",
};

/* History: by camera or not, by kind or not, newest first or not. */
#define HISTORY_QUERIES 8

struct catalogue {
    sqlite3 *database;
    sqlite3_stmt *statements[QUERY_HISTORY_FIRST + HISTORY_QUERIES];
};

enum err catalogue_open(const char *path, struct catalogue **out, struct reason *reason) {
    struct catalogue *catalogue = calloc(1, sizeof *catalogue);
    enum err error = catalogue != NULL ? catalogue_database_open(path, &catalogue->database, reason) : ERR_MEMORY;
    if (error != ERR_OK) {
        free(catalogue);
        return error;
    }
    *out = catalogue;
    return ERR_OK;
}

void catalogue_close(struct catalogue **catalogue_pointer) {
    struct catalogue *catalogue = *catalogue_pointer;
    *catalogue_pointer = NULL;
    if (catalogue == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof catalogue->statements / sizeof catalogue->statements[0]; i++) {
        sqlite3_finalize(catalogue->statements[i]);
    }
    sqlite3_close(catalogue->database);
    free(catalogue);
}

const char *catalogue_error(const struct catalogue *catalogue) { return sqlite3_errmsg(catalogue->database); }

/* The statement, ready to be bound. NULL: *error says why not. */
static sqlite3_stmt *query(struct catalogue *catalogue, enum query number, enum err *error) {
    *error = statement_get(catalogue->database, texts[number], &catalogue->statements[number]);
    return *error == ERR_OK ? catalogue->statements[number] : NULL;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text) {
    if (text != NULL) {
        sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
    } else {
        sqlite3_bind_null(statement, place);
    }
}

static void copy_text(sqlite3_stmt *statement, int column, char *text, size_t capacity) {
    const unsigned char *value = sqlite3_column_text(statement, column);
    snprintf(text, capacity, "%s", value != NULL ? (const char *)value : "");
}

/* The next row; false at the end, or after an error. */
static bool step(sqlite3_stmt *statement, enum err *error) {
    int result = sqlite3_step(statement);
    *error = catalogue_error_of(result);
    return result == SQLITE_ROW;
}

/* Ends the statement's transaction. */
static void end(sqlite3_stmt *statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

/* ---- Cameras ---- */

static void read_camera(sqlite3_stmt *row, struct catalogue_camera *camera) {
    copy_text(row, 0, camera->id, sizeof camera->id);
    camera->segments = (uint64_t)sqlite3_column_int64(row, 1);
    camera->bytes = (uint64_t)sqlite3_column_int64(row, 2);
    camera->frames = (uint64_t)sqlite3_column_int64(row, 3);
    camera->oldest_ns = sqlite3_column_int64(row, 4);
    camera->newest_ns = sqlite3_column_int64(row, 5);
}

enum err catalogue_read_cameras(struct catalogue *catalogue, const char *after, struct catalogue_camera *cameras,
                                size_t max, size_t *count) {
    enum err error;
    *count = 0;
    sqlite3_stmt *statement = query(catalogue, QUERY_CAMERAS, &error);
    if (statement == NULL) {
        return error;
    }
    bind_text(statement, 1, after);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)max);
    while (*count < max && step(statement, &error)) {
        read_camera(statement, &cameras[(*count)++]);
    }
    end(statement);
    return error;
}

enum err catalogue_find_camera(struct catalogue *catalogue, const char *camera_id, struct catalogue_camera *camera) {
    enum err error;
    sqlite3_stmt *statement = query(catalogue, QUERY_CAMERA, &error);
    if (statement == NULL) {
        return error;
    }
    bind_text(statement, 1, camera_id);
    if (step(statement, &error)) {
        read_camera(statement, camera);
    } else if (error == ERR_OK) {
        error = ERR_NOT_FOUND;
    }
    end(statement);
    return error;
}

/* ---- Segments ---- */

static void read_segment(sqlite3_stmt *row, struct catalogue_segment *segment) {
    segment->key = sqlite3_column_int64(row, 0);
    segment->start_ns = sqlite3_column_int64(row, 1);
    segment->end_ns = sqlite3_column_int64(row, 2);
    segment->bytes = (uint64_t)sqlite3_column_int64(row, 3);
    segment->frames = (uint64_t)sqlite3_column_int64(row, 4);
    segment->is_finished = sqlite3_column_int(row, 5) != 0;
    segment->is_full = sqlite3_column_int(row, 6) != 0;
    segment->is_protected = sqlite3_column_int(row, 7) != 0;
    copy_text(row, 8, segment->name, sizeof segment->name);
}

enum err catalogue_read_segments(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                                 const struct catalogue_place *after, struct catalogue_segment *segments, size_t max,
                                 size_t *count) {
    enum err error;
    *count = 0;
    sqlite3_stmt *statement = query(catalogue, QUERY_SEGMENTS, &error);
    if (statement == NULL) {
        return error;
    }
    /* None is longer, so none that began earlier reaches from_ns. */
    const int64_t earliest_ns = add_i64(from_ns, -SEGMENT_MAX_NS);
    const bool begins = after == NULL || after->start_ns < earliest_ns;
    bind_text(statement, 1, camera_id);
    sqlite3_bind_int64(statement, 2, begins ? earliest_ns : after->start_ns);
    sqlite3_bind_int64(statement, 3, begins ? -1 : after->key);
    sqlite3_bind_int64(statement, 4, to_ns);
    sqlite3_bind_int64(statement, 5, from_ns);
    sqlite3_bind_int64(statement, 6, (sqlite3_int64)max);
    while (*count < max && step(statement, &error)) {
        read_segment(statement, &segments[(*count)++]);
    }
    end(statement);
    return error;
}

static enum err find_offset(struct catalogue *catalogue, const struct catalogue_segment *segment, int64_t realtime_ns,
                            uint64_t *offset) {
    enum err error;
    sqlite3_stmt *statement = query(catalogue, QUERY_SECONDS, &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_int64(statement, 1, segment->key);
    *offset = 0;
    if (step(statement, &error)) {
        const void *packed = sqlite3_column_blob(statement, 0);
        const int bytes = sqlite3_column_bytes(statement, 0);
        *offset = packed != NULL ? segment_index_find(packed, (size_t)bytes, segment->start_ns, realtime_ns) : 0;
    }
    end(statement);
    return error;
}

enum err catalogue_find_segment(struct catalogue *catalogue, const char *camera_id, int64_t realtime_ns,
                                struct catalogue_segment *segment, uint64_t *offset) {
    enum err error;
    sqlite3_stmt *statement = query(catalogue, QUERY_SEGMENT_AT, &error);
    if (statement == NULL) {
        return error;
    }
    bind_text(statement, 1, camera_id);
    sqlite3_bind_int64(statement, 2, realtime_ns);
    if (step(statement, &error)) {
        read_segment(statement, segment);
    } else if (error == ERR_OK) {
        error = ERR_NOT_FOUND;
    }
    end(statement);
    return error == ERR_OK ? find_offset(catalogue, segment, realtime_ns, offset) : error;
}

enum err catalogue_next_segment(struct catalogue *catalogue, const char *camera_id, const struct catalogue_place *after,
                                struct catalogue_segment *segment) {
    enum err error;
    sqlite3_stmt *statement = query(catalogue, QUERY_SEGMENT_AFTER, &error);
    if (statement == NULL) {
        return error;
    }
    bind_text(statement, 1, camera_id);
    sqlite3_bind_int64(statement, 2, after->start_ns);
    sqlite3_bind_int64(statement, 3, after->key);
    if (step(statement, &error)) {
        read_segment(statement, segment);
    } else if (error == ERR_OK) {
        error = ERR_NOT_FOUND;
    }
    end(statement);
    return error;
}

/* ---- Stretches ---- */

static struct catalogue_stretch read_stretch(sqlite3_stmt *row) {
    return (struct catalogue_stretch){
        .start_ns = sqlite3_column_int64(row, 0),
        .end_ns = sqlite3_column_int64(row, 1),
        .bytes = (uint64_t)sqlite3_column_int64(row, 2),
        .is_full = sqlite3_column_int(row, 3) != 0,
    };
}

enum err catalogue_read_stretches(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                                  int64_t after_ns, struct catalogue_stretch *stretches, size_t max, size_t *count) {
    enum err error;
    *count = 0;
    sqlite3_stmt *statement = query(catalogue, QUERY_STRETCHES, &error);
    if (statement == NULL) {
        return error;
    }
    bind_text(statement, 1, camera_id);
    sqlite3_bind_int64(statement, 2, from_ns);
    sqlite3_bind_int64(statement, 3, to_ns);
    sqlite3_bind_int64(statement, 4, after_ns);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)max);
    while (*count < max && step(statement, &error)) {
        stretches[(*count)++] = read_stretch(statement);
    }
    end(statement);
    return error;
}

static enum err find_stretch(struct catalogue *catalogue, enum query which, const char *camera_id, bool is_full,
                             int64_t behind_ns, int64_t until_ns, struct catalogue_stretch *stretch) {
    enum err error;
    sqlite3_stmt *statement = query(catalogue, which, &error);
    if (statement == NULL) {
        return error;
    }
    bind_text(statement, 1, camera_id);
    sqlite3_bind_int(statement, 2, is_full);
    sqlite3_bind_int64(statement, 3, behind_ns);
    sqlite3_bind_int64(statement, 4, until_ns);
    const bool is_found = step(statement, &error);
    if (is_found) {
        *stretch = read_stretch(statement);
    }
    end(statement);
    return error == ERR_OK && !is_found ? ERR_NOT_FOUND : error;
}

enum err catalogue_first_stretch(struct catalogue *catalogue, const char *camera_id, bool is_full, int64_t behind_ns,
                                 int64_t until_ns, struct catalogue_stretch *stretch) {
    return find_stretch(catalogue, QUERY_FIRST_STRETCH, camera_id, is_full, behind_ns, until_ns, stretch);
}

enum err catalogue_last_stretch(struct catalogue *catalogue, const char *camera_id, bool is_full, int64_t behind_ns,
                                int64_t until_ns, struct catalogue_stretch *stretch) {
    return find_stretch(catalogue, QUERY_LAST_STRETCH, camera_id, is_full, behind_ns, until_ns, stretch);
}

enum err catalogue_read_protections(struct catalogue *catalogue, const char *camera_id, int64_t after_key,
                                    struct catalogue_protection *protections, size_t max, size_t *count) {
    enum err error;
    *count = 0;
    sqlite3_stmt *statement = query(catalogue, QUERY_PROTECTIONS, &error);
    if (statement == NULL) {
        return error;
    }
    bind_text(statement, 1, camera_id);
    sqlite3_bind_int64(statement, 2, after_key);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)max);
    while (*count < max && step(statement, &error)) {
        struct catalogue_protection *protection = &protections[(*count)++];
        protection->key = sqlite3_column_int64(statement, 0);
        copy_text(statement, 1, protection->camera, sizeof protection->camera);
        protection->from_ns = sqlite3_column_int64(statement, 2);
        protection->to_ns = sqlite3_column_int64(statement, 3);
    }
    end(statement);
    return error;
}

/* ---- History ---- */

static enum err prepare_history(struct catalogue *catalogue, const struct history_query *query_of, sqlite3_stmt **out) {
    const unsigned number =
        (query_of->camera_id != NULL ? 1u : 0) | (query_of->kind != NULL ? 2u : 0) | (query_of->newest_first ? 4u : 0);
    sqlite3_stmt **statement = &catalogue->statements[QUERY_HISTORY_FIRST + number];
    char text[500];
    const char *direction = query_of->newest_first ? "DESC" : "ASC";
    snprintf(text, sizeof text,
             "SELECT events.key, at_ns, coalesce(id, ''), kind, details FROM events LEFT JOIN cameras"
             " ON cameras.key = camera WHERE at_ns BETWEEN ?2 AND ?3%s%s%s ORDER BY at_ns %s, events.key %s LIMIT ?6",
             query_of->camera_id != NULL ? " AND" OF_CAMERA : "", query_of->kind != NULL ? " AND kind = ?7" : "",
             query_of->newest_first ? " AND (at_ns, events.key) < (?4, ?5)" : " AND (at_ns, events.key) > (?4, ?5)",
             direction, direction);
    enum err error = statement_get(catalogue->database, text, statement);
    *out = *statement;
    return error;
}

enum err catalogue_find_event(struct catalogue *catalogue, int64_t key, int64_t *at_ns) {
    enum err error;
    sqlite3_stmt *statement = query(catalogue, QUERY_EVENT, &error);
    if (statement == NULL) {
        return error;
    }
    sqlite3_bind_int64(statement, 1, key);
    if (step(statement, &error)) {
        *at_ns = sqlite3_column_int64(statement, 0);
    } else if (error == ERR_OK) {
        error = ERR_NOT_FOUND;
    }
    end(statement);
    return error;
}

enum err catalogue_read_history(struct catalogue *catalogue, const struct history_query *asked, history_visit *visit,
                                void *user, size_t *count) {
    sqlite3_stmt *statement;
    *count = 0;
    enum err error = prepare_history(catalogue, asked, &statement);
    if (error != ERR_OK) {
        return error;
    }
    const bool begins = asked->after_key == 0;
    const int64_t first_ns = asked->newest_first ? INT64_MAX : INT64_MIN;
    bind_text(statement, 1, asked->camera_id);
    /* SQLite takes the bounds from here, and would else walk over all that was read before. */
    int64_t from_ns = asked->from_ns, to_ns = asked->to_ns;
    if (!begins && asked->newest_first) {
        to_ns = min_i64(to_ns, asked->after_at_ns);
    } else if (!begins) {
        from_ns = max_i64(from_ns, asked->after_at_ns);
    }
    sqlite3_bind_int64(statement, 2, from_ns);
    sqlite3_bind_int64(statement, 3, to_ns);
    sqlite3_bind_int64(statement, 4, begins ? first_ns : asked->after_at_ns);
    sqlite3_bind_int64(statement, 5, begins ? first_ns : asked->after_key);
    sqlite3_bind_int64(statement, 6, (sqlite3_int64)asked->limit);
    if (asked->kind != NULL) {
        bind_text(statement, 7, asked->kind);
    }
    for (bool goes_on = true; goes_on && *count < asked->limit && step(statement, &error);) {
        const struct history_row row = {
            .key = sqlite3_column_int64(statement, 0),
            .at_ns = sqlite3_column_int64(statement, 1),
            .camera = (const char *)sqlite3_column_text(statement, 2),
            .kind = (const char *)sqlite3_column_text(statement, 3),
            .details = (const char *)sqlite3_column_text(statement, 4),
        };
        if (row.camera == NULL || row.kind == NULL || row.details == NULL) {
            error = ERR_MEMORY;
            break;
        }
        ++*count;
        goes_on = visit(user, &row);
    }
    end(statement);
    return error;
}
