/* Reading and writing bounded messages: little-endian numbers, and texts and bytes with their lengths in front.
 *
 * A writer that runs out of room writes nothing further, and says so; a reader that meets a fault gives 0 from then on,
 * and says so: callers ask once, at the end.
 * Threads: any, one at a time. Ownership: the bytes are borrowed. */
#ifndef BROKER_CLUSTER_WIRE_H
#define BROKER_CLUSTER_WIRE_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_writer {
    uint8_t *bytes;
    size_t capacity, count;
    bool is_full; /* something has been left out */
};

void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_i64(struct wire_writer *writer, int64_t value);
void wire_put_double(struct wire_writer *writer, double value);
/* Cut at 65535 bytes. What a reader would refuse, such as the rest of a character that was cut, becomes '?'. */
void wire_put_text(struct wire_writer *writer, const char *text);
/* Without their length. */
void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t count);

struct wire_reader {
    const uint8_t *bytes;
    size_t count;   /* that are left */
    bool is_broken; /* more was to be read than there is, or a text does not fit or is none */
};

uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
int64_t wire_get_i64(struct wire_reader *reader);
/* A finite number. */
double wire_get_double(struct wire_reader *reader);
/* UTF-8 without control characters, with a NUL behind it; capacity includes that. "" after a fault. */
void wire_get_text(struct wire_reader *reader, char *text, size_t capacity);
/* Borrowed; NULL after a fault. */
const uint8_t *wire_get_bytes(struct wire_reader *reader, size_t count);

#endif
