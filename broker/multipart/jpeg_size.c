#include "broker/multipart/jpeg_size.h"

#define MARKER_SOI 0xd8
#define MARKER_SOS 0xda
#define MARKER_EOI 0xd9

/* SOF0 to SOF15 are the frame headers, but for DHT, JPG and DAC, which stand among them. */
static bool is_frame_header(uint8_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static uint32_t read_16(const uint8_t *bytes) { return (uint32_t)bytes[0] << 8 | bytes[1]; }

bool jpeg_size_find(struct span jpeg, uint32_t *width_px, uint32_t *height_px) {
    const uint8_t *bytes = jpeg.bytes;
    if (jpeg.count < 2 || bytes[0] != 0xff || bytes[1] != MARKER_SOI) {
        return false;
    }
    for (size_t at = 2; at + 4 <= jpeg.count && bytes[at] == 0xff;) {
        const uint8_t marker = bytes[at + 1];
        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        if (marker == MARKER_SOS || marker == MARKER_EOI) {
            return false;
        }
        if (is_frame_header(marker)) { /* length, precision, lines, samples a line */
            if (at + 9 > jpeg.count || read_16(bytes + at + 5) == 0 || read_16(bytes + at + 7) == 0) {
                return false;
            }
            *height_px = read_16(bytes + at + 5);
            *width_px = read_16(bytes + at + 7);
            return true;
        }
        at += 2 + (size_t)read_16(bytes + at + 2);
    }
    return false;
}
