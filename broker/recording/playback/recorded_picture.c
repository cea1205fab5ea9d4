#include "broker/recording/playback/recorded_picture.h"

#include "broker/recording/playback/recording_cursor.h"

enum err recorded_picture_read(const char *path, const char *camera_id, int64_t at_ns, int64_t max_age_ns,
                               struct frame_pool *pool, struct frame **frame) {
    struct catalogue *catalogue = NULL;
    struct recording_cursor *cursor = NULL;
    struct reason reason;
    struct recorded_frame found;
    enum err error = catalogue_open(path, &catalogue, &reason);
    if (error == ERR_OK) {
        error = recording_cursor_create(catalogue, path, camera_id, &cursor);
    }
    if (error == ERR_OK) {
        error = recording_cursor_seek(cursor, at_ns, max_age_ns);
    }
    if (error == ERR_OK) {
        error = recording_cursor_peek(cursor, &found);
    }
    if (error == ERR_OK) {
        int64_t captured_ns = found.part.captured_realtime_ns;
        error = captured_ns > at_ns || at_ns - captured_ns > max_age_ns ? ERR_NOT_FOUND : ERR_OK;
    }
    if (error == ERR_OK) {
        recording_cursor_take(cursor);
        error = recording_cursor_read(cursor, pool, frame);
    }
    recording_cursor_destroy(&cursor);
    catalogue_close(&catalogue);
    return error == ERR_CLOSED ? ERR_NOT_FOUND : error;
}
