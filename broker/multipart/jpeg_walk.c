#include "broker/multipart/jpeg_walk.h"

#include "broker/base/saturating.h"

#include <string.h>

enum {
    STUFFED = 0x00,
    TEM = 0x01,
    RST0 = 0xD0,
    RST7 = 0xD7,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
};

/* What the next byte is. */
enum step {
    STEP_LEADING, /* a line end, or the first byte of SOI */
    STEP_SOI,     /* the second byte of SOI */
    STEP_FIRST,   /* the 0xFF that follows it */
    STEP_MARKER,  /* a marker's second byte, or another 0xFF */
    STEP_LENGTH_HIGH,
    STEP_LENGTH_LOW,
    STEP_SEGMENT,
    STEP_BEFORE_MARKER, /* a marker's first byte */
    STEP_DATA,          /* entropy-coded data */
    STEP_DATA_MARKER,   /* in entropy-coded data, behind 0xFF */
};

static enum jpeg_walk_state take_marker(struct jpeg_walk *walk, uint8_t marker) {
    walk->marker = marker;
    walk->step = STEP_LENGTH_HIGH;
    if (marker == EOI) {
        return JPEG_WALK_ENDED;
    }
    if (marker == SOI || marker <= TEM || (marker >= RST0 && marker <= RST7)) {
        return JPEG_WALK_BROKEN;
    }
    return JPEG_WALK_MORE;
}

static enum jpeg_walk_state take_byte(struct jpeg_walk *walk, uint8_t byte) {
    switch ((enum step)walk->step) {
    case STEP_LEADING:
        if (byte == 0xFF) {
            walk->step = STEP_SOI;
            return JPEG_WALK_MORE;
        }
        walk->leading_bytes++;
        return (byte == '\r' || byte == '\n') && walk->leading_bytes <= JPEG_WALK_LEADING_MAX_BYTES ? JPEG_WALK_MORE
                                                                                                    : JPEG_WALK_ALIEN;
    case STEP_SOI: walk->step = STEP_FIRST; return byte == SOI ? JPEG_WALK_MORE : JPEG_WALK_ALIEN;
    case STEP_FIRST: walk->step = STEP_MARKER; return byte == 0xFF ? JPEG_WALK_MORE : JPEG_WALK_ALIEN;
    case STEP_MARKER: return byte == 0xFF ? JPEG_WALK_MORE : take_marker(walk, byte);
    case STEP_LENGTH_HIGH:
        walk->segment_bytes = (uint32_t)byte << 8;
        walk->step = STEP_LENGTH_LOW;
        return JPEG_WALK_MORE;
    case STEP_LENGTH_LOW:
        walk->segment_bytes |= byte;
        if (walk->segment_bytes < 2) {
            return JPEG_WALK_BROKEN;
        }
        walk->segment_bytes -= 2;
        walk->step = STEP_SEGMENT;
        return JPEG_WALK_MORE;
    case STEP_BEFORE_MARKER: walk->step = STEP_MARKER; return byte == 0xFF ? JPEG_WALK_MORE : JPEG_WALK_BROKEN;
    case STEP_DATA_MARKER:
        if (byte == 0xFF) {
            return JPEG_WALK_MORE;
        }
        walk->step = STEP_DATA;
        return byte == STUFFED || (byte >= RST0 && byte <= RST7) ? JPEG_WALK_MORE : take_marker(walk, byte);
    case STEP_SEGMENT:
    case STEP_DATA: break; /* skipped in runs */
    }
    return JPEG_WALK_MORE;
}

/* Returns how many bytes of a segment or of entropy-coded data can be passed at once. */
static size_t skip_run(struct jpeg_walk *walk, const uint8_t *bytes, size_t count) {
    if (walk->step == STEP_SEGMENT) {
        size_t skipped = min_size(count, walk->segment_bytes);
        walk->segment_bytes -= (uint32_t)skipped;
        if (walk->segment_bytes == 0) {
            walk->step = walk->marker == SOS ? STEP_DATA : STEP_BEFORE_MARKER;
        }
        return skipped;
    }
    const uint8_t *found = memchr(bytes, 0xFF, count);
    if (found == NULL) {
        return count;
    }
    walk->step = STEP_DATA_MARKER;
    return (size_t)(found - bytes) + 1;
}

enum jpeg_walk_state jpeg_walk_feed(struct jpeg_walk *walk, const uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (walk->state == JPEG_WALK_MORE && at < count) {
        if (walk->step == STEP_SEGMENT || walk->step == STEP_DATA) {
            at += skip_run(walk, bytes + at, count - at);
        } else {
            walk->state = take_byte(walk, bytes[at++]);
        }
    }
    walk->walked_bytes += at;
    return walk->state;
}

bool jpeg_walk_trim(const struct jpeg_walk *walk, struct frame *frame) {
    size_t end = walk->state == JPEG_WALK_ENDED ? walk->walked_bytes : frame_payload(frame).count;
    if (walk->state == JPEG_WALK_ALIEN || walk->step <= STEP_FIRST) {
        return false;
    }
    frame_drop_front(frame, walk->leading_bytes);
    frame_set_size(frame, end - walk->leading_bytes);
    return true;
}
