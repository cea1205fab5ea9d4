#include "broker/recording/playback/export_boundary.h"

#include "broker/recording/playback/recording_cursor.h"

#include <stdio.h>
#include <string.h>

/* What needs no quotes in a header: letters, digits and some of RFC 2046's others. */
#define BOUNDARY_CHARACTERS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.+"

static bool is_boundary(const char *text) {
    const size_t length = strlen(text);
    return length > 0 && length <= MULTIPART_BOUNDARY_MAX_BYTES && strspn(text, BOUNDARY_CHARACTERS) == length;
}

static enum err find_first(struct recording_cursor *cursor, int64_t from_ns, char *boundary) {
    struct recorded_frame frame = {.fd = -1};
    enum err error = recording_cursor_seek(cursor, from_ns, 0);
    if (error == ERR_OK) {
        error = recording_cursor_peek(cursor, &frame);
    }
    if (error == ERR_OK && is_boundary(frame.delimiter + strlen("--"))) {
        snprintf(boundary, MULTIPART_BOUNDARY_MAX_BYTES + 1, "%s", frame.delimiter + strlen("--"));
    }
    return error;
}

void export_boundary_find(const char *path, const char *camera_id, int64_t from_ns,
                          char boundary[MULTIPART_BOUNDARY_MAX_BYTES + 1]) {
    struct catalogue *catalogue = NULL;
    struct recording_cursor *cursor = NULL;
    struct reason reason;
    snprintf(boundary, MULTIPART_BOUNDARY_MAX_BYTES + 1, "%s", multipart_boundary());
    enum err error = catalogue_open(path, &catalogue, &reason);
    if (error == ERR_OK) {
        error = recording_cursor_create(catalogue, path, camera_id, &cursor);
    }
    if (error == ERR_OK) {
        error = find_first(cursor, from_ns, boundary);
    }
    (void)error; /* the export itself meets it again */
    recording_cursor_destroy(&cursor);
    catalogue_close(&catalogue);
}
