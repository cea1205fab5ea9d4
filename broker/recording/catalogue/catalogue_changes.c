#include "broker/recording/catalogue/catalogue_changes.h"

#include <stdio.h>

#define PLACE_COLUMNS                                                                                                  \
    "segments.key, camera, segments.bytes, start_ns, end_ns, full, id, name FROM segments"                             \
    " JOIN cameras ON cameras.key = camera WHERE "
#define IS_PROTECTED(camera, start, end)                                                                               \
    "EXISTS (SELECT 1 FROM protections WHERE camera = " camera " AND from_ns <= " end " AND to_ns >= " start ")"

static const char *const texts[CHANGES] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [FIND_CAMERA] = "SELECT key FROM cameras WHERE id = ?1",
    [ADD_CAMERA] = "INSERT INTO cameras(id) VALUES (?1)",
    [COUNT_CAMERA] = "UPDATE cameras SET segments = segments + ?2, bytes = bytes + ?3, frames = frames + ?4"
                     " WHERE key = ?1",
    [CAMERA_SUMS] = "SELECT key, bytes,"
                    " (SELECT start_ns FROM segments WHERE camera = cameras.key AND state <> 2"
                    " ORDER BY start_ns LIMIT 1),"
                    " (SELECT end_ns FROM segments WHERE camera = cameras.key AND state <> 2"
                    " ORDER BY start_ns DESC LIMIT 1) FROM cameras WHERE id = ?1",
    [SUM_CAMERAS] = "SELECT coalesce(sum(bytes), 0) FROM cameras",
    [LAST_STRETCH] = "SELECT stretch, full FROM segments WHERE camera = ?1 AND state <> 2"
                     " ORDER BY start_ns DESC, key DESC LIMIT 1",
    [ADD_STRETCH] = "INSERT INTO stretches(camera, start_ns, end_ns, bytes, full) VALUES (?1, ?2, ?3, ?4, ?5)",
    [GROW_STRETCH] = "UPDATE stretches SET end_ns = max(end_ns, ?2), bytes = bytes + ?3 WHERE key = ?1",
    [ADD_SEGMENT] = "INSERT INTO segments(camera, start_ns, end_ns, bytes, frames, state, full, stretch, protected,"
                    " name, key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, " IS_PROTECTED("?1", "?2", "?3") ", ?9, ?10)",
    [GET_SEGMENT] = "SELECT bytes, frames, stretch FROM segments WHERE key = ?1",
    [SET_SEGMENT] = "UPDATE segments SET end_ns = ?2, bytes = ?3, frames = ?4, state = ?5, protected = " IS_PROTECTED(
        "camera", "start_ns", "?2") " WHERE key = ?1",
    [SET_SECONDS] = "INSERT OR REPLACE INTO seconds(segment, packed) VALUES (?1, ?2)",
    [OLDEST_OF_ALL] = "SELECT " PLACE_COLUMNS "state = 1 AND protected = 0 ORDER BY segments.key LIMIT ?1",
    [OLDEST_OF_CAMERA] =
        "SELECT " PLACE_COLUMNS "camera = ?2 AND state = 1 AND protected = 0 ORDER BY segments.key LIMIT ?1",
    [BETWEEN] = "SELECT " PLACE_COLUMNS "camera = ?2 AND state = 1 AND protected = 0 AND start_ns >= ?3"
                " AND start_ns <= ?4 AND end_ns >= ?5 ORDER BY start_ns LIMIT ?1",
    [UNFINISHED] = "SELECT " PLACE_COLUMNS "state = ?2 AND state <> 1 ORDER BY segments.key LIMIT ?1",
    [HAS_SEGMENT] = "SELECT 1 FROM segments WHERE camera = ?1 AND name = ?2",
    [NEWEST_NAME] = "SELECT name FROM segments WHERE camera = (SELECT key FROM cameras WHERE id = ?1)"
                    " ORDER BY name DESC LIMIT 1",
    [NEXT_STRETCH] = "SELECT stretch, full, start_ns FROM segments WHERE camera = ?1 AND start_ns > ?2 AND state <> 2"
                     " ORDER BY start_ns LIMIT 1",
    [GROW_STRETCH_BACK] = "UPDATE stretches SET start_ns = min(start_ns, ?2), bytes = bytes + ?3 WHERE key = ?1",
    [FIRST_KEY] = "SELECT min(0, coalesce(min(key), 0)) FROM segments",
    [MARK_SEGMENT] = "UPDATE segments SET state = 2 WHERE key = ?1",
    [STRETCH_BOUNDS] = "SELECT start_ns, end_ns FROM stretches WHERE key = ?1",
    [END_BEFORE] = "SELECT end_ns FROM segments WHERE stretch = ?1 AND start_ns < ?2 AND state <> 2"
                   " ORDER BY start_ns DESC LIMIT 1",
    [START_BEHIND] = "SELECT start_ns FROM segments WHERE stretch = ?1 AND start_ns > ?2 AND state <> 2"
                     " ORDER BY start_ns LIMIT 1",
    [REST_OF_STRETCH] = "SELECT max(end_ns), sum(bytes) FROM segments"
                        " WHERE stretch = ?1 AND start_ns > ?2 AND state <> 2",
    [SHRINK_STRETCH] = "UPDATE stretches SET start_ns = ?2, end_ns = ?3, bytes = bytes - ?4 WHERE key = ?1",
    [DROP_STRETCH] = "DELETE FROM stretches WHERE key = ?1",
    [MOVE_TO_STRETCH] = "UPDATE segments SET stretch = ?2 WHERE stretch = ?1 AND start_ns > ?3",
    [FORGET_SECONDS] = "DELETE FROM seconds WHERE segment = ?1",
    [FORGET_SEGMENT] = "DELETE FROM segments WHERE key = ?1",
    [ADD_PROTECTION] = "INSERT INTO protections(camera, from_ns, to_ns) VALUES (?1, ?2, ?3)",
    [DROP_PROTECTIONS] = "DELETE FROM protections WHERE camera = ?1 AND from_ns >= ?2 AND to_ns <= ?3",
    [PROTECT_SEGMENTS] = "UPDATE segments SET protected = " IS_PROTECTED(
        "?1", "start_ns", "end_ns") " WHERE camera = ?1 AND start_ns BETWEEN ?2 AND ?3",
    [ADD_EVENT] = "INSERT INTO events(at_ns, camera, kind, details) VALUES (?1, ?2, ?3, ?4)",
    [TRIM_EVENTS] = "DELETE FROM events WHERE key IN (SELECT key FROM events WHERE at_ns < ?1 ORDER BY at_ns LIMIT ?2)",
};

sqlite3_stmt *change_bind(struct catalogue_writer *writer, enum change change, const int64_t *values, size_t count,
                          enum err *error) {
    *error = statement_get(writer->database, texts[change], &writer->statements[change]);
    if (*error != ERR_OK) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(writer->statements[change], (int)i + 1, values[i]);
    }
    return writer->statements[change];
}

enum err change_run(struct catalogue_writer *writer, enum change change, const int64_t *values, size_t count) {
    enum err error;
    sqlite3_stmt *statement = change_bind(writer, change, values, count, &error);
    return statement != NULL ? statement_run(statement) : error;
}

enum err change_get(struct catalogue_writer *writer, enum change change, const int64_t *values, size_t count,
                    int64_t *columns, size_t column_count) {
    enum err error;
    sqlite3_stmt *statement = change_bind(writer, change, values, count, &error);
    if (statement == NULL) {
        return error;
    }
    int result = sqlite3_step(statement);
    for (size_t i = 0; i < column_count && result == SQLITE_ROW; i++) {
        columns[i] = sqlite3_column_int64(statement, (int)i);
    }
    sqlite3_reset(statement);
    return result == SQLITE_DONE ? ERR_NOT_FOUND : catalogue_error_of(result);
}

void change_copy_text(sqlite3_stmt *row, int column, char *text, size_t capacity) {
    const unsigned char *value = sqlite3_column_text(row, column);
    snprintf(text, capacity, "%s", value != NULL ? (const char *)value : "");
}
