#include "broker/cluster/requests/node_request.h"

#include <stdlib.h>

enum {
    FLAG_ON = 1,
    FLAG_NEWEST_FIRST = 2,
    FLAGS = FLAG_ON | FLAG_NEWEST_FIRST,
};

void node_write_frames_place(struct wire_writer *writer, const struct node_frames_place *place) {
    wire_put_i64(writer, place->recording.segment_start_ns);
    wire_put_i64(writer, place->recording.segment_key);
    wire_put_u64(writer, place->recording.offset);
    wire_put_i64(writer, place->recording.captured_ns);
    wire_put_i64(writer, place->due_ns);
}

void node_read_frames_place(struct wire_reader *reader, struct node_frames_place *place) {
    place->recording.segment_start_ns = wire_get_i64(reader);
    place->recording.segment_key = wire_get_i64(reader);
    place->recording.offset = wire_get_u64(reader);
    place->recording.captured_ns = wire_get_i64(reader);
    place->due_ns = wire_get_i64(reader);
    reader->is_broken |= place->recording.segment_key < 0;
}

enum err node_request_write(const struct node_request *request, struct wire_writer *writer) {
    wire_put_u8(writer, (uint8_t)request->kind);
    wire_put_u8(writer, (uint8_t)((request->is_on ? FLAG_ON : 0) | (request->newest_first ? FLAG_NEWEST_FIRST : 0)));
    wire_put_text(writer, request->camera);
    wire_put_text(writer, request->control);
    wire_put_text(writer, request->choice);
    wire_put_i64(writer, request->value);
    wire_put_u64(writer, request->event);
    wire_put_u32(writer, request->offset);
    wire_put_i64(writer, request->from_ns);
    wire_put_i64(writer, request->to_ns);
    wire_put_text(writer, request->history_kind);
    wire_put_i64(writer, request->after_at_ns);
    wire_put_i64(writer, request->after_key);
    wire_put_u32(writer, request->limit);
    wire_put_i64(writer, request->interval_ns);
    node_write_frames_place(writer, &request->frames_place);
    wire_put_u16(writer, (uint16_t)request->camera_count);
    for (size_t i = 0; i < request->camera_count; i++) {
        wire_put_text(writer, request->cameras[i]);
    }
    return writer->is_full || request->camera_count > NODE_REQUEST_CAMERAS_MAX ? ERR_INVALID : ERR_OK;
}

static bool is_known(const struct node_request *request, uint8_t flags) {
    return request->kind >= NODE_REQUEST_CONTROLS && request->kind <= NODE_REQUEST_FRAMES && (flags & ~FLAGS) == 0 &&
           request->interval_ns >= 0 && request->camera_count <= NODE_REQUEST_CAMERAS_MAX;
}

static enum err read_cameras(struct wire_reader *reader, struct node_request *request) {
    if (request->camera_count == 0) {
        return ERR_OK;
    }
    char(*cameras)[TOPIC_ID_MAX_BYTES + 1] = calloc(request->camera_count, sizeof *cameras);
    if (cameras == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < request->camera_count; i++) {
        wire_get_text(reader, cameras[i], sizeof cameras[i]);
    }
    request->cameras = (const char(*)[TOPIC_ID_MAX_BYTES + 1]) cameras;
    return ERR_OK;
}

enum err node_request_read(const void *bytes, size_t count, struct node_request *request) {
    struct wire_reader reader = {.bytes = bytes, .count = count};
    *request = (struct node_request){.kind = (enum node_request_kind)wire_get_u8(&reader)};
    const uint8_t flags = wire_get_u8(&reader);
    request->is_on = (flags & FLAG_ON) != 0;
    request->newest_first = (flags & FLAG_NEWEST_FIRST) != 0;
    wire_get_text(&reader, request->camera, sizeof request->camera);
    wire_get_text(&reader, request->control, sizeof request->control);
    wire_get_text(&reader, request->choice, sizeof request->choice);
    request->value = wire_get_i64(&reader);
    request->event = wire_get_u64(&reader);
    request->offset = wire_get_u32(&reader);
    request->from_ns = wire_get_i64(&reader);
    request->to_ns = wire_get_i64(&reader);
    wire_get_text(&reader, request->history_kind, sizeof request->history_kind);
    request->after_at_ns = wire_get_i64(&reader);
    request->after_key = wire_get_i64(&reader);
    request->limit = wire_get_u32(&reader);
    request->interval_ns = wire_get_i64(&reader);
    node_read_frames_place(&reader, &request->frames_place);
    request->camera_count = wire_get_u16(&reader);
    enum err error = reader.is_broken || !is_known(request, flags) ? ERR_INVALID : read_cameras(&reader, request);
    if (error == ERR_OK && (reader.is_broken || reader.count > 0)) {
        error = ERR_INVALID;
    }
    if (error != ERR_OK) {
        node_request_finish(request);
    }
    return error;
}

void node_request_finish(struct node_request *request) {
    free((void *)(uintptr_t)request->cameras);
    *request = (struct node_request){0};
}
