#include "broker/cluster/import/frame_assembly.h"

#include <string.h>

static enum err begin_frame(struct frame_assembly *assembly, const struct frame_message *message,
                            struct frame_pool *pool, uint64_t *lost) {
    *lost += assembly->frame != NULL;
    frame_unref(&assembly->frame);
    enum err error = frame_create(pool, message->total_bytes, &assembly->frame);
    assembly->total_bytes = message->total_bytes;
    *lost += error != ERR_OK;
    return error;
}

static bool continues(const struct frame_assembly *assembly, const struct frame_message *message) {
    return assembly->frame != NULL && message->number == assembly->number + 1 &&
           message->total_bytes == assembly->total_bytes && message->offset == frame_payload(assembly->frame).count;
}

enum err frame_assembly_add(struct frame_assembly *assembly, const struct frame_message *message,
                            struct frame_pool *pool, struct frame **complete, uint64_t *lost) {
    *complete = NULL;
    if (message->offset == 0) {
        enum err error = begin_frame(assembly, message, pool, lost);
        if (error != ERR_OK) {
            return error;
        }
    } else if (!continues(assembly, message)) {
        *lost += assembly->frame != NULL;
        frame_unref(&assembly->frame);
        return ERR_INVALID;
    }
    struct frame *frame = assembly->frame;
    memcpy(frame_data(frame) + message->offset, message->payload.bytes, message->payload.count);
    frame_set_size(frame, message->offset + message->payload.count);
    assembly->number = message->number;
    if (frame_payload(frame).count == assembly->total_bytes) {
        *complete = frame;
        assembly->frame = NULL;
    }
    return ERR_OK;
}

void frame_assembly_finish(struct frame_assembly *assembly) { frame_unref(&assembly->frame); }
