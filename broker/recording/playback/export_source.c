#include "broker/recording/playback/export_source.h"

static enum err peek(void *user, struct recorded_frame *frame) { return recording_cursor_peek(user, frame); }

static void take(void *user) { recording_cursor_take(user); }

static enum err read_current(void *user, struct frame_pool *pool, struct frame **frame) {
    return recording_cursor_read(user, pool, frame);
}

static void close_cursor(void *user) {
    struct recording_cursor *cursor = user;
    recording_cursor_destroy(&cursor);
}

static const struct export_source_ops cursor_ops = {
    .peek = peek, .take = take, .read = read_current, .close = close_cursor};

enum err export_source_open(struct catalogue *catalogue, const char *path, const char *camera_id, int64_t from_ns,
                            struct export_source *source) {
    struct recording_cursor *cursor = NULL;
    enum err error = recording_cursor_create(catalogue, path, camera_id, &cursor);
    if (error == ERR_OK) {
        error = recording_cursor_seek(cursor, from_ns, 0);
    }
    if (error != ERR_OK) {
        recording_cursor_destroy(&cursor);
        return error;
    }
    *source = (struct export_source){.ops = &cursor_ops, .user = cursor};
    return ERR_OK;
}

void export_source_close(struct export_source *source) {
    if (source->ops != NULL) {
        source->ops->close(source->user);
    }
    *source = (struct export_source){.ops = NULL};
}
