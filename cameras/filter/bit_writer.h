/* Writes bits into a frame as JPEG's entropy-coded data: the highest first, with a byte 0x00 behind each 0xFF (ITU-T
 * T.81, F.1.2.3). The frame grows as it has to.
 *
 * Threads: one at a time. */
#ifndef CAMERAS_FILTER_BIT_WRITER_H
#define CAMERAS_FILTER_BIT_WRITER_H

#include "broker/frame/frame.h"

struct bit_writer {
    struct frame **frame;
    uint8_t *at, *end;
    uint64_t pending;       /* in its lowest bits; what is above them has been written */
    unsigned pending_count; /* less than 32 */
};

/* frame: borrowed until bit_writer_finish(), and replaced as it grows. Its contents are overwritten. */
void bit_writer_begin(struct bit_writer *writer, struct frame **frame);

/* Room for so many bytes to be written next, those that are stuffed included. ERR_MEMORY. */
CHECKED enum err bit_writer_reserve(struct bit_writer *writer, size_t bytes);

/* The bits from one position to another, of memory that has 8 bytes behind the last of them. ERR_MEMORY. */
CHECKED enum err bit_writer_copy(struct bit_writer *writer, const uint8_t *bytes, size_t from, size_t to);

/* What stands before the first bit, as it is. ERR_MEMORY. */
CHECKED enum err bit_writer_put_header(struct bit_writer *writer, const uint8_t *bytes, size_t count);

/* Fills the last byte with ones, and writes a marker: T.81, F.1.2.3. ERR_MEMORY. */
CHECKED enum err bit_writer_put_marker(struct bit_writer *writer, uint8_t marker);

/* Sets the frame's size. */
void bit_writer_finish(struct bit_writer *writer);

static inline void bit_writer_put_byte(struct bit_writer *writer, uint8_t byte) {
    *writer->at++ = byte;
    if (byte == 0xFF) {
        *writer->at++ = 0x00;
    }
}

/* count: at most 32. Takes 8 bytes of room at most. */
static inline void bit_writer_put(struct bit_writer *writer, uint32_t bits, unsigned count) {
    writer->pending = writer->pending << count | bits;
    writer->pending_count += count;
    if (writer->pending_count < 32) {
        return;
    }
    writer->pending_count -= 32;
    const uint32_t word = (uint32_t)(writer->pending >> writer->pending_count);
    if ((word & 0x80808080 & ~(word + 0x01010101)) != 0) { /* 0xFF may be among its bytes */
        bit_writer_put_byte(writer, (uint8_t)(word >> 24));
        bit_writer_put_byte(writer, (uint8_t)(word >> 16));
        bit_writer_put_byte(writer, (uint8_t)(word >> 8));
        bit_writer_put_byte(writer, (uint8_t)word);
    } else {
        *writer->at++ = (uint8_t)(word >> 24);
        *writer->at++ = (uint8_t)(word >> 16);
        *writer->at++ = (uint8_t)(word >> 8);
        *writer->at++ = (uint8_t)word;
    }
}

#endif
