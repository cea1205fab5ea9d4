/* Pictures, history, recorded frames and recordings in answers; controls and motion have files of their own. */
#include "broker/cluster/requests/node_request.h"

#include <stdlib.h>
#include <string.h>

/* ---- Pictures ---- */

void node_write_picture(struct wire_writer *writer, const struct frame *frame, uint32_t offset) {
    const struct frame_info *info = frame_info(frame);
    const struct span jpeg = frame_payload(frame);
    wire_put_u32(writer, (uint32_t)jpeg.count);
    wire_put_u64(writer, info->sequence);
    wire_put_u64(writer, info->position);
    wire_put_i64(writer, info->captured_realtime_ns);
    wire_put_u32(writer, info->width_px);
    wire_put_u32(writer, info->height_px);
    wire_put_u8(writer, info->is_recorded);
    if (offset < jpeg.count && writer->count < writer->capacity) {
        const size_t room = writer->capacity - writer->count, left = jpeg.count - offset;
        wire_put_bytes(writer, jpeg.bytes + offset, left < room ? left : room);
    }
}

enum err node_read_picture(struct wire_reader *reader, struct node_picture_piece *piece) {
    *piece = (struct node_picture_piece){.total_bytes = wire_get_u32(reader)};
    piece->info.sequence = wire_get_u64(reader);
    piece->info.position = wire_get_u64(reader);
    piece->info.captured_realtime_ns = wire_get_i64(reader);
    piece->info.width_px = wire_get_u32(reader);
    piece->info.height_px = wire_get_u32(reader);
    piece->info.is_recorded = wire_get_u8(reader) == 1;
    piece->info.state = STATE_LIVE;
    piece->bytes = (struct span){reader->bytes, reader->count};
    const bool is_sound = !reader->is_broken && piece->total_bytes <= NODE_PICTURE_MAX_BYTES && reader->count > 0 &&
                          reader->count <= piece->total_bytes;
    return is_sound ? ERR_OK : ERR_INVALID;
}

/* ---- History ---- */

#define ROW_HEAD_BYTES (8u + 8u + 3u * 2u)

void node_write_history_place(struct wire_writer *writer, const struct node_history_place *place) {
    wire_put_i64(writer, place->at_ns);
    wire_put_i64(writer, place->key);
    wire_put_u8(writer, place->is_end);
}

enum err node_read_history_place(struct wire_reader *reader, struct node_history_place *place) {
    place->at_ns = wire_get_i64(reader);
    place->key = wire_get_i64(reader);
    place->is_end = wire_get_u8(reader) == 1;
    return reader->is_broken ? ERR_INVALID : ERR_OK;
}

bool node_write_history_row(struct wire_writer *writer, const struct history_row *row) {
    const size_t bytes = ROW_HEAD_BYTES + strlen(row->camera) + strlen(row->kind) + strlen(row->details);
    if (writer->is_full || writer->capacity - writer->count < bytes) {
        return false;
    }
    wire_put_i64(writer, row->key);
    wire_put_i64(writer, row->at_ns);
    wire_put_text(writer, row->camera);
    wire_put_text(writer, row->kind);
    wire_put_text(writer, row->details); /* what stands in it is data, and need not be a text for wire_get_text() */
    return true;
}

enum err node_read_history_row(struct wire_reader *reader, struct node_history_texts *texts, struct history_row *row) {
    if (!reader->is_broken && reader->count == 0) {
        return ERR_CLOSED;
    }
    *row = (struct history_row){.camera = texts->camera, .kind = texts->kind, .details = texts->details};
    row->key = wire_get_i64(reader);
    row->at_ns = wire_get_i64(reader);
    wire_get_text(reader, texts->camera, sizeof texts->camera);
    wire_get_text(reader, texts->kind, sizeof texts->kind);
    const size_t count = wire_get_u16(reader);
    const uint8_t *details = wire_get_bytes(reader, count);
    if (details == NULL || count >= sizeof texts->details || memchr(details, '\0', count) != NULL) {
        return ERR_INVALID;
    }
    memcpy(texts->details, details, count);
    texts->details[count] = '\0';
    return reader->is_broken ? ERR_INVALID : ERR_OK;
}

/* ---- Recorded frames ---- */

#define FRAME_HEAD_BYTES (8u + 8u + 1u + 4u + 4u)
/* Pieces are not smaller, but for the last one of a frame. */
#define PIECE_BYTES_MIN ((size_t)16 << 10)

void node_write_frames_head(struct wire_writer *writer, const struct node_frames_head *head) {
    node_write_frames_place(writer, &head->place);
    wire_put_u8(writer, head->is_end);
}

enum err node_read_frames_head(struct wire_reader *reader, struct node_frames_head *head) {
    node_read_frames_place(reader, &head->place);
    head->is_end = wire_get_u8(reader) == 1;
    return reader->is_broken ? ERR_INVALID : ERR_OK;
}

bool node_write_recorded_frame(struct wire_writer *writer, const struct node_recorded_frame *frame, size_t *count) {
    const size_t room = writer->is_full ? 0 : writer->capacity - writer->count;
    const size_t wanted = frame->bytes.count;
    if (room < FRAME_HEAD_BYTES + (wanted < PIECE_BYTES_MIN ? wanted : PIECE_BYTES_MIN)) {
        return false;
    }
    *count = wanted < room - FRAME_HEAD_BYTES ? wanted : room - FRAME_HEAD_BYTES;
    wire_put_i64(writer, frame->captured_realtime_ns);
    wire_put_u64(writer, frame->sequence);
    wire_put_u8(writer, frame->is_after_gap);
    wire_put_u32(writer, frame->total_bytes);
    wire_put_u32(writer, (uint32_t)*count);
    wire_put_bytes(writer, frame->bytes.bytes, *count);
    return true;
}

enum err node_read_recorded_frame(struct wire_reader *reader, struct node_recorded_frame *frame) {
    if (!reader->is_broken && reader->count == 0) {
        return ERR_CLOSED;
    }
    frame->captured_realtime_ns = wire_get_i64(reader);
    frame->sequence = wire_get_u64(reader);
    frame->is_after_gap = wire_get_u8(reader) == 1;
    frame->total_bytes = wire_get_u32(reader);
    frame->bytes.count = wire_get_u32(reader);
    frame->bytes.bytes = wire_get_bytes(reader, frame->bytes.count);
    const bool is_sound = !reader->is_broken && frame->bytes.count > 0 && frame->bytes.count <= frame->total_bytes &&
                          frame->total_bytes <= FRAME_PAYLOAD_MAX_BYTES;
    return is_sound ? ERR_OK : ERR_INVALID;
}

/* ---- Recordings ---- */

#define STRETCH_BYTES (8u + 8u + 8u + 1u + 8u)
#define PROTECTION_BYTES (8u + 8u)

void node_write_listing(struct wire_writer *writer, const struct recording_listing *listing) {
    const struct catalogue_camera *camera = &listing->camera;
    wire_put_text(writer, camera->id);
    wire_put_u64(writer, camera->bytes);
    wire_put_i64(writer, camera->oldest_ns);
    wire_put_i64(writer, camera->newest_ns);
    wire_put_u16(writer, (uint16_t)listing->stretch_count);
    for (size_t i = 0; i < listing->stretch_count; i++) {
        const struct timeline_stretch *stretch = &listing->stretches[i];
        wire_put_i64(writer, stretch->start_ns);
        wire_put_i64(writer, stretch->end_ns);
        wire_put_u64(writer, stretch->bytes);
        wire_put_u8(writer, stretch->is_full);
        wire_put_i64(writer, stretch->gaps_ns);
    }
    wire_put_u16(writer, (uint16_t)listing->protection_count);
    for (size_t i = 0; i < listing->protection_count; i++) {
        wire_put_i64(writer, listing->protections[i].from_ns);
        wire_put_i64(writer, listing->protections[i].to_ns);
    }
}

/* A count of parts that the rest of the message can hold; 0 otherwise, which breaks the reader. */
static size_t get_count(struct wire_reader *reader, size_t part_bytes) {
    const size_t count = wire_get_u16(reader);
    if (count * part_bytes > reader->count) {
        reader->is_broken = true;
        return 0;
    }
    return count;
}

static void read_stretches(struct wire_reader *reader, struct recording_listing *listing) {
    for (size_t i = 0; i < listing->stretch_count; i++) {
        struct timeline_stretch *stretch = &listing->stretches[i];
        stretch->start_ns = wire_get_i64(reader);
        stretch->end_ns = wire_get_i64(reader);
        stretch->bytes = wire_get_u64(reader);
        stretch->is_full = wire_get_u8(reader) == 1;
        stretch->gaps_ns = wire_get_i64(reader);
    }
}

static void read_protections(struct wire_reader *reader, struct recording_listing *listing) {
    for (size_t i = 0; i < listing->protection_count; i++) {
        listing->protections[i].from_ns = wire_get_i64(reader);
        listing->protections[i].to_ns = wire_get_i64(reader);
    }
}

enum err node_read_listing(struct wire_reader *reader, struct recording_listing *listing) {
    *listing = (struct recording_listing){0};
    if (!reader->is_broken && reader->count == 0) {
        return ERR_CLOSED;
    }
    wire_get_text(reader, listing->camera.id, sizeof listing->camera.id);
    listing->camera.bytes = wire_get_u64(reader);
    listing->camera.oldest_ns = wire_get_i64(reader);
    listing->camera.newest_ns = wire_get_i64(reader);
    listing->stretch_count = get_count(reader, STRETCH_BYTES);
    listing->stretches = calloc(listing->stretch_count + 1, sizeof *listing->stretches);
    enum err error = listing->stretches != NULL ? ERR_OK : ERR_MEMORY;
    if (error == ERR_OK) {
        read_stretches(reader, listing);
        listing->protection_count = get_count(reader, PROTECTION_BYTES);
        listing->protections = calloc(listing->protection_count + 1, sizeof *listing->protections);
        error = listing->protections != NULL ? ERR_OK : ERR_MEMORY;
    }
    if (error == ERR_OK) {
        read_protections(reader, listing);
        error = reader->is_broken ? ERR_INVALID : ERR_OK;
    }
    if (error != ERR_OK) {
        recording_listing_finish(listing);
    }
    return error;
}
