#include "broker/cluster/wire.h"

#include "broker/base/utf8.h"

#include <math.h>
#include <string.h>

/* Of a character that may stand in a text; 0: the text begins with none. */
static size_t clean_character_bytes(const char *text) {
    const bool is_control = (unsigned char)*text < 0x20 || *text == 0x7F;
    return is_control ? 0 : utf8_character_bytes(text);
}

/* ---- Writing ---- */

static uint8_t *make_room(struct wire_writer *writer, size_t count) {
    if (writer->is_full || count > writer->capacity - writer->count) {
        writer->is_full = true;
        return NULL;
    }
    uint8_t *room = writer->bytes + writer->count;
    writer->count += count;
    return room;
}

static void put_number(struct wire_writer *writer, uint64_t value, size_t count) {
    uint8_t *room = make_room(writer, count);
    for (size_t i = 0; room != NULL && i < count; i++) {
        room[i] = (uint8_t)(value >> (8 * i));
    }
}

void wire_put_u8(struct wire_writer *writer, uint8_t value) { put_number(writer, value, 1); }

void wire_put_u16(struct wire_writer *writer, uint16_t value) { put_number(writer, value, 2); }

void wire_put_u32(struct wire_writer *writer, uint32_t value) { put_number(writer, value, 4); }

void wire_put_u64(struct wire_writer *writer, uint64_t value) { put_number(writer, value, 8); }

void wire_put_i64(struct wire_writer *writer, int64_t value) { put_number(writer, (uint64_t)value, 8); }

void wire_put_double(struct wire_writer *writer, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_number(writer, bits, 8);
}

void wire_put_text(struct wire_writer *writer, const char *text) {
    const size_t count = strnlen(text, UINT16_MAX);
    wire_put_u16(writer, (uint16_t)count);
    uint8_t *room = make_room(writer, count);
    for (size_t i = 0; room != NULL && i < count;) {
        size_t bytes = clean_character_bytes(text + i);
        if (bytes == 0 || bytes > count - i) {
            bytes = 1;
            room[i] = '?';
        } else {
            memcpy(room + i, text + i, bytes);
        }
        i += bytes;
    }
}

void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t count) {
    uint8_t *room = make_room(writer, count);
    if (room != NULL && count > 0) {
        memcpy(room, bytes, count);
    }
}

/* ---- Reading ---- */

const uint8_t *wire_get_bytes(struct wire_reader *reader, size_t count) {
    if (reader->is_broken || count > reader->count) {
        reader->is_broken = true;
        return NULL;
    }
    const uint8_t *bytes = reader->bytes;
    reader->bytes += count;
    reader->count -= count;
    return bytes;
}

static uint64_t get_number(struct wire_reader *reader, size_t count) {
    const uint8_t *bytes = wire_get_bytes(reader, count);
    uint64_t value = 0;
    for (size_t i = 0; bytes != NULL && i < count; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

uint8_t wire_get_u8(struct wire_reader *reader) { return (uint8_t)get_number(reader, 1); }

uint16_t wire_get_u16(struct wire_reader *reader) { return (uint16_t)get_number(reader, 2); }

uint32_t wire_get_u32(struct wire_reader *reader) { return (uint32_t)get_number(reader, 4); }

uint64_t wire_get_u64(struct wire_reader *reader) { return get_number(reader, 8); }

int64_t wire_get_i64(struct wire_reader *reader) { return (int64_t)get_number(reader, 8); }

double wire_get_double(struct wire_reader *reader) {
    const uint64_t bits = get_number(reader, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) {
        reader->is_broken = true;
        return 0;
    }
    return value;
}

static bool is_clean(const char *text) {
    while (*text != '\0') {
        const size_t bytes = clean_character_bytes(text);
        if (bytes == 0) {
            return false;
        }
        text += bytes;
    }
    return true;
}

void wire_get_text(struct wire_reader *reader, char *text, size_t capacity) {
    const size_t count = wire_get_u16(reader);
    const uint8_t *bytes = wire_get_bytes(reader, count);
    text[0] = '\0';
    if (bytes == NULL || count >= capacity) {
        reader->is_broken = true;
        return;
    }
    memcpy(text, bytes, count);
    text[count] = '\0';
    if (strlen(text) != count || !is_clean(text)) {
        reader->is_broken = true;
        text[0] = '\0';
    }
}
