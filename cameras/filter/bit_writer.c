#include "cameras/filter/bit_writer.h"

#include "cameras/picture/scan/load_bits.h"

#include <string.h>

static void point_at(struct bit_writer *writer, size_t written) {
    writer->at = frame_data(*writer->frame) + written;
    writer->end = frame_data(*writer->frame) + frame_capacity(*writer->frame);
}

void bit_writer_begin(struct bit_writer *writer, struct frame **frame) {
    *writer = (struct bit_writer){.frame = frame};
    point_at(writer, 0);
}

enum err bit_writer_reserve(struct bit_writer *writer, size_t bytes) {
    if (bytes <= (size_t)(writer->end - writer->at)) {
        return ERR_OK;
    }
    const size_t written = (size_t)(writer->at - frame_data(*writer->frame));
    frame_set_size(*writer->frame, written);
    const enum err error = frame_grow(writer->frame, 2 * (written + bytes));
    point_at(writer, written);
    return error == ERR_OK ? ERR_OK : ERR_MEMORY;
}

/* Room is made for a piece at a time: in hardly any picture each byte takes a stuffed one. */
#define PIECE_BITS 512

enum err bit_writer_copy(struct bit_writer *writer, const uint8_t *bytes, size_t from, size_t to) {
    while (from < to) {
        const size_t end = to - from > PIECE_BITS ? from + PIECE_BITS : to;
        const enum err error = bit_writer_reserve(writer, 2 * (PIECE_BITS / 8 + 8));
        if (error != ERR_OK) {
            return error;
        }
        for (; end - from >= 32; from += 32) {
            bit_writer_put(writer, (uint32_t)(load_bits(bytes, from) >> 32), 32);
        }
        if (from < end) {
            const unsigned left = (unsigned)(end - from);
            bit_writer_put(writer, (uint32_t)(load_bits(bytes, from) >> (64 - left)), left);
            from = end;
        }
    }
    return ERR_OK;
}

enum err bit_writer_put_header(struct bit_writer *writer, const uint8_t *bytes, size_t count) {
    const enum err error = bit_writer_reserve(writer, count);
    if (error == ERR_OK) {
        memcpy(writer->at, bytes, count);
        writer->at += count;
    }
    return error;
}

enum err bit_writer_put_marker(struct bit_writer *writer, uint8_t marker) {
    const enum err error = bit_writer_reserve(writer, 16);
    if (error != ERR_OK) {
        return error;
    }
    const unsigned padding = (8 - writer->pending_count % 8) % 8;
    bit_writer_put(writer, (1u << padding) - 1, padding);
    while (writer->pending_count > 0) {
        writer->pending_count -= 8;
        bit_writer_put_byte(writer, (uint8_t)(writer->pending >> writer->pending_count));
    }
    *writer->at++ = 0xFF;
    *writer->at++ = marker;
    return ERR_OK;
}

void bit_writer_finish(struct bit_writer *writer) {
    frame_set_size(*writer->frame, (size_t)(writer->at - frame_data(*writer->frame)));
}
