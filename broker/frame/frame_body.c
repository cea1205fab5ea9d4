#include "broker/frame/frame_body.h"

#include <string.h>

enum err frame_body_read(struct frame **frame, size_t max_bytes, frame_body_source *source, void *user) {
    size_t size = 0;
    for (;;) {
        size_t got = 0;
        enum err error = source(user, frame_data(*frame) + size, frame_capacity(*frame) - size, &got);
        if (error == ERR_CLOSED) {
            return ERR_OK;
        }
        if (error != ERR_OK) {
            return error;
        }
        size += got;
        if (size > max_bytes) {
            return ERR_UNSUPPORTED;
        }
        frame_set_size(*frame, size);
        if (size == frame_capacity(*frame) && (error = frame_grow(frame, 2 * size)) != ERR_OK) {
            return error;
        }
    }
}

enum err frame_body_append(struct frame **frame, size_t max_bytes, const uint8_t *bytes, size_t count) {
    size_t size = frame_payload(*frame).count;
    if (count > max_bytes - size) {
        return ERR_UNSUPPORTED;
    }
    if (size + count > frame_capacity(*frame)) {
        enum err error = frame_grow(frame, 2 * (size + count));
        if (error != ERR_OK) {
            return error;
        }
    }
    memcpy(frame_data(*frame) + size, bytes, count);
    frame_set_size(*frame, size + count);
    return ERR_OK;
}
