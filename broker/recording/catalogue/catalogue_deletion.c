/* Segments in the hands of retention and recovery: lists of them, and how they leave the catalogue. */
#include "broker/recording/catalogue/catalogue_changes.h"
#include "broker/recording/catalogue/catalogue_writer.h"
#include "broker/recording/recording_settings.h"

/* ---- Lists ---- */

static enum err read_places(struct catalogue_writer *writer, enum change change, const int64_t *values, size_t given,
                            struct segment_place *places, size_t max, size_t *count) {
    enum err error;
    *count = 0;
    sqlite3_stmt *row = change_bind(writer, change, values, given, &error);
    if (row == NULL) {
        return error;
    }
    int result = SQLITE_ROW;
    while (*count < max && (result = sqlite3_step(row)) == SQLITE_ROW) {
        struct segment_place *place = &places[(*count)++];
        place->key = sqlite3_column_int64(row, 0);
        place->camera = sqlite3_column_int64(row, 1);
        place->bytes = (uint64_t)sqlite3_column_int64(row, 2);
        place->start_ns = sqlite3_column_int64(row, 3);
        place->end_ns = sqlite3_column_int64(row, 4);
        place->is_full = sqlite3_column_int(row, 5) != 0;
        change_copy_text(row, 6, place->camera_id, sizeof place->camera_id);
        change_copy_text(row, 7, place->name, sizeof place->name);
    }
    sqlite3_reset(row);
    return catalogue_error_of(result);
}

enum err catalogue_writer_oldest(struct catalogue_writer *writer, int64_t camera, struct segment_place *places,
                                 size_t max, size_t *count) {
    return camera == 0 ? read_places(writer, OLDEST_OF_ALL, VALUES((int64_t)max), places, max, count)
                       : read_places(writer, OLDEST_OF_CAMERA, VALUES((int64_t)max, camera), places, max, count);
}

enum err catalogue_writer_between(struct catalogue_writer *writer, int64_t camera, int64_t from_ns, int64_t to_ns,
                                  struct segment_place *places, size_t max, size_t *count) {
    const int64_t earliest_ns = from_ns > INT64_MIN + SEGMENT_MAX_NS ? from_ns - SEGMENT_MAX_NS : INT64_MIN;
    return read_places(writer, BETWEEN, VALUES((int64_t)max, camera, earliest_ns, to_ns, from_ns), places, max, count);
}

enum err catalogue_writer_unfinished(struct catalogue_writer *writer, bool is_marked, struct segment_place *places,
                                     size_t max, size_t *count) {
    return read_places(writer, UNFINISHED, VALUES((int64_t)max, is_marked ? 2 : 0), places, max, count);
}

/* ---- Deletion ---- */

/* A segment in the middle goes: what is behind it becomes a stretch of its own. */
static enum err split_stretch(struct catalogue_writer *writer, const struct segment_place *place, int64_t stretch,
                              int64_t after_start_ns, int64_t *moved_bytes) {
    int64_t rest[2] = {0, 0};
    enum err error = change_get(writer, REST_OF_STRETCH, VALUES(stretch, place->start_ns), rest, 2);
    if (error == ERR_OK) {
        error =
            change_run(writer, ADD_STRETCH, VALUES(place->camera, after_start_ns, rest[0], rest[1], place->is_full));
    }
    if (error == ERR_OK) {
        error = change_run(writer, MOVE_TO_STRETCH,
                           VALUES(stretch, sqlite3_last_insert_rowid(writer->database), place->start_ns));
    }
    *moved_bytes = rest[1];
    return error;
}

/* Cuts the stretch to what is left of it without the segment. */
static enum err shrink_stretch(struct catalogue_writer *writer, const struct segment_place *place, int64_t stretch,
                               int64_t bytes) {
    int64_t bounds[2] = {0}, before[1] = {0}, after[1] = {0}, moved_bytes = 0;
    enum err error = change_get(writer, STRETCH_BOUNDS, VALUES(stretch), bounds, 2);
    enum err has_before = change_get(writer, END_BEFORE, VALUES(stretch, place->start_ns), before, 1);
    enum err has_after = change_get(writer, START_BEHIND, VALUES(stretch, place->start_ns), after, 1);
    if (error == ERR_OK && has_before == ERR_NOT_FOUND && has_after == ERR_NOT_FOUND) {
        return change_run(writer, DROP_STRETCH, VALUES(stretch));
    }
    if (error == ERR_OK && has_before == ERR_OK && has_after == ERR_OK) {
        error = split_stretch(writer, place, stretch, after[0], &moved_bytes);
    }
    if (error == ERR_OK && has_before != ERR_OK && has_before != ERR_NOT_FOUND) {
        error = has_before;
    }
    if (error != ERR_OK) {
        return error;
    }
    return has_before == ERR_OK
               ? change_run(writer, SHRINK_STRETCH, VALUES(stretch, bounds[0], before[0], bytes + moved_bytes))
               : change_run(writer, SHRINK_STRETCH, VALUES(stretch, after[0], bounds[1], bytes));
}

enum err catalogue_writer_mark(struct catalogue_writer *writer, const struct segment_place *place) {
    int64_t now[3] = {0};
    enum err error = change_get(writer, GET_SEGMENT, VALUES(place->key), now, 3);
    if (error == ERR_OK) {
        error = change_run(writer, MARK_SEGMENT, VALUES(place->key));
    }
    if (error == ERR_OK) {
        error = change_run(writer, COUNT_CAMERA, VALUES(place->camera, -1, -now[0], -now[1]));
    }
    return error == ERR_OK ? shrink_stretch(writer, place, now[2], now[0]) : error;
}

enum err catalogue_writer_forget(struct catalogue_writer *writer, int64_t key) {
    enum err error = change_run(writer, FORGET_SECONDS, VALUES(key));
    return error == ERR_OK ? change_run(writer, FORGET_SEGMENT, VALUES(key)) : error;
}
