#include "cameras/picture/exif.h"

#include <string.h>

#define SIGNATURE_BYTES 6
#define TAG_ORIENTATION 274
#define TYPE_SHORT 3
#define TIFF_HEADER_BYTES 8
#define TIFF_ENTRY_BYTES 12

/* TIFF (revision 6.0, section 2) in either byte order. */
struct tiff {
    struct span data;
    bool is_big_endian;
};

static uint32_t read_u16(const struct tiff *tiff, size_t at) {
    const uint8_t *bytes = tiff->data.bytes + at;
    return tiff->is_big_endian ? (uint32_t)bytes[0] << 8 | bytes[1] : (uint32_t)bytes[1] << 8 | bytes[0];
}

static uint32_t read_u32(const struct tiff *tiff, size_t at) {
    const uint32_t first = read_u16(tiff, at), second = read_u16(tiff, at + 2);
    return tiff->is_big_endian ? first << 16 | second : second << 16 | first;
}

/* Each entry of the first directory has a tag, a type, a count and a value. */
static uint8_t find_orientation(const struct tiff *tiff) {
    const size_t directory = read_u32(tiff, 4);
    if (directory > tiff->data.count - 2) {
        return 0;
    }
    const size_t entries = read_u16(tiff, directory);
    for (size_t i = 0, at = directory + 2; i < entries && at + TIFF_ENTRY_BYTES <= tiff->data.count;
         i++, at += TIFF_ENTRY_BYTES) {
        if (read_u16(tiff, at) == TAG_ORIENTATION && read_u16(tiff, at + 2) == TYPE_SHORT) {
            const uint32_t orientation = read_u16(tiff, at + 8);
            return orientation >= 1 && orientation <= 8 ? (uint8_t)orientation : 0;
        }
    }
    return 0;
}

uint8_t exif_read_orientation(struct span segment) {
    if (segment.count < SIGNATURE_BYTES + TIFF_HEADER_BYTES || memcmp(segment.bytes, "Exif\0", 5) != 0) {
        return 0;
    }
    const struct tiff tiff = {
        .data = {.bytes = segment.bytes + SIGNATURE_BYTES, .count = segment.count - SIGNATURE_BYTES},
        .is_big_endian = segment.bytes[SIGNATURE_BYTES] == 'M'};
    const char *begin = tiff.is_big_endian ? "MM\0*" : "II*\0";
    return memcmp(tiff.data.bytes, begin, 4) == 0 ? find_orientation(&tiff) : 0;
}

void exif_write_orientation(uint8_t segment[EXIF_ORIENTATION_BYTES], uint8_t orientation) {
    static const uint8_t contents[EXIF_ORIENTATION_BYTES] = {'E',
                                                             'x',
                                                             'i',
                                                             'f',
                                                             0,
                                                             0,
                                                             'M',
                                                             'M',
                                                             0,
                                                             '*',
                                                             0,
                                                             0,
                                                             0,
                                                             TIFF_HEADER_BYTES, /* the first directory is there */
                                                             0,
                                                             1, /* its entries */
                                                             TAG_ORIENTATION >> 8,
                                                             TAG_ORIENTATION & 0xFF,
                                                             0,
                                                             TYPE_SHORT,
                                                             0,
                                                             0,
                                                             0,
                                                             1,
                                                             0,
                                                             0,
                                                             0,
                                                             0,
                                                             0,
                                                             0,
                                                             0,
                                                             0}; /* no further directory */
    memcpy(segment, contents, sizeof contents);
    segment[25] = orientation;
}

bool exif_is_sideways(uint8_t orientation) { return orientation >= 5; }
