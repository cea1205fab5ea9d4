#include "cameras/jpeg.h"

#include "cameras/jpeg_tables.h"

#include <string.h>

/* The second byte of each marker that matters here: T.81, table B.1. */
enum marker {
    STUFFED = 0x00, /* not a marker: a data byte 0xFF */
    TEM = 0x01,
    SOF0 = 0xC0, /* baseline */
    SOF1 = 0xC1, /* extended sequential, Huffman */
    SOF2 = 0xC2, /* progressive, Huffman */
    DHT = 0xC4,
    SOF15 = 0xCF,
    RST0 = 0xD0,
    RST7 = 0xD7,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DQT = 0xDB,
    DNL = 0xDC,
    DRI = 0xDD,
    DHP = 0xDE,
    EXP = 0xDF,
    APP0 = 0xE0,
    APP15 = 0xEF,
    COM = 0xFE,
};

/* A file of a few bytes a scan can keep a decoder busy for minutes; real ones have about ten. */
#define SCANS_MAX 100

/* How far a walk has come, and what it has met. */
struct walk {
    const uint8_t *bytes;
    size_t count;
    size_t at;
    struct jpeg_layout layout;
    struct reason *reason;
    unsigned components; /* 0 until the frame header */
    unsigned components_scanned;
    unsigned scans;
    uint32_t block_rows, block_columns; /* of the largest coded unit: see read_frame_header() */
    uint32_t restart_interval;
    bool has_quantization_tables;
};

static enum err invalid(const struct walk *walk, const char *sentence) {
    reason_set(walk->reason, "%s", sentence);
    return ERR_INVALID;
}

static enum err unsupported(const struct walk *walk, const char *sentence) {
    reason_set(walk->reason, "%s", sentence);
    return ERR_UNSUPPORTED;
}

static enum err cut_short(const struct walk *walk) {
    reason_set(walk->reason, "it ends in the middle, after %zu bytes", walk->count);
    return ERR_INVALID;
}

static enum err misplaced(const struct walk *walk, size_t marker_at, unsigned marker) {
    reason_set(walk->reason, "the marker 0x%02X at byte %zu does not belong there", marker, marker_at);
    return ERR_INVALID;
}

static uint32_t read_u16(const uint8_t *bytes) { return (uint32_t)bytes[0] << 8 | bytes[1]; }

static uint32_t divide_up(uint32_t dividend, uint32_t divisor) { return (dividend + divisor - 1) / divisor; }

/* Any number of 0xFF may stand before a marker's second byte. */
static size_t skip_fill(const struct walk *walk, size_t at) {
    while (at < walk->count && walk->bytes[at] == 0xFF) {
        at++;
    }
    return at;
}

static enum err read_marker(struct walk *walk, unsigned *marker) {
    const size_t at = skip_fill(walk, walk->at);
    if (at == walk->count) {
        return cut_short(walk);
    }
    if (at == walk->at) {
        reason_set(walk->reason, "there is no marker at byte %zu, where one belongs", at);
        return ERR_INVALID;
    }
    *marker = walk->bytes[at];
    walk->at = at + 1;
    return ERR_OK;
}

/* Gives what follows the length of a marker segment, and goes on behind it. */
static enum err read_segment(struct walk *walk, struct span *segment) {
    size_t left = walk->count - walk->at;
    if (left < 2) {
        return cut_short(walk);
    }
    size_t length = read_u16(walk->bytes + walk->at);
    if (length < 2) {
        return invalid(walk, "a segment is shorter than its own length");
    }
    if (length > left) {
        return cut_short(walk);
    }
    *segment = (struct span){.bytes = walk->bytes + walk->at + 2, .count = length - 2};
    walk->at += length;
    return ERR_OK;
}

static enum err read_frame_header(struct walk *walk, unsigned marker, struct span header) {
    if (marker != SOF0 && marker != SOF1 && marker != SOF2) {
        return unsupported(walk,
                           "it is coded in a way that browsers do not show (lossless, hierarchical or arithmetic)");
    }
    if (walk->components != 0) {
        return invalid(walk, "a second picture begins in the middle");
    }
    if (header.count < 6 || header.count != 6 + 3 * (size_t)header.bytes[5]) {
        return invalid(walk, "its frame header is damaged");
    }
    if (header.bytes[0] != 8) {
        return unsupported(walk, "it does not have 8 bits a sample");
    }
    walk->layout.progressive = marker == SOF2;
    walk->layout.height_px = read_u16(header.bytes + 1);
    walk->layout.width_px = read_u16(header.bytes + 3);
    if (walk->layout.width_px == 0 || walk->layout.height_px == 0) {
        return invalid(walk, "its width or height is 0");
    }
    walk->components = header.bytes[5];
    if (walk->components != 1 && walk->components != 3) {
        return unsupported(walk, "it is neither grey nor in three colours");
    }
    uint32_t most_across = 1, most_down = 1;
    for (unsigned i = 0; i < walk->components; i++) {
        uint32_t across = header.bytes[6 + 3 * i + 1] >> 4;
        uint32_t down = header.bytes[6 + 3 * i + 1] & 15;
        if (across < 1 || across > 4 || down < 1 || down > 4) {
            return invalid(walk, "its frame header is damaged");
        }
        most_across = across > most_across ? across : most_across;
        most_down = down > most_down ? down : most_down;
    }
    /* With one component the unit is a block, whatever its sampling factors: T.81, A.2.2. */
    bool interleaved = walk->components > 1;
    walk->block_columns = divide_up(walk->layout.width_px, interleaved ? 8 * most_across : 8);
    walk->block_rows = divide_up(walk->layout.height_px, interleaved ? 8 * most_down : 8);
    return ERR_OK;
}

static enum err read_scan_header(struct walk *walk, size_t marker_at, struct span header) {
    if (walk->components == 0) {
        return invalid(walk, "picture data comes before its frame header");
    }
    if (header.count < 1 || header.bytes[0] < 1 || header.bytes[0] > walk->components ||
        header.count != 4 + 2 * (size_t)header.bytes[0]) {
        return invalid(walk, "a scan header is damaged");
    }
    if (!walk->has_quantization_tables) {
        return invalid(walk, "it has no quantization tables");
    }
    if (walk->layout.progressive && !walk->layout.has_huffman_tables) {
        return invalid(walk, "it is progressive and has no Huffman tables");
    }
    if (walk->scans == 0) {
        walk->layout.first_scan = marker_at;
    }
    walk->scans++;
    walk->components_scanned += header.bytes[0];
    if (walk->scans > SCANS_MAX || (!walk->layout.progressive && walk->components_scanned > walk->components)) {
        return invalid(walk, "it has more scans than a picture needs");
    }
    return ERR_OK;
}

/* Lost data shows as restart markers that are missing or out of order; without decoding that is the only trace of it.
 * This is strict, since browsers paint rubbish from there on. Cameras that end the last interval with a marker, too,
 * do no harm. Only the usual case of all components in one scan is counted. */
static enum err check_restarts(const struct walk *walk, unsigned components_in_scan, uint32_t restarts) {
    if (walk->restart_interval == 0 || walk->layout.progressive || components_in_scan != walk->components) {
        return ERR_OK;
    }
    uint32_t expected = (uint32_t)(((uint64_t)walk->block_rows * walk->block_columns - 1) / walk->restart_interval);
    if (restarts != expected && restarts != expected + 1) {
        reason_set(walk->reason, "it has %u restart markers instead of %u: data was lost", restarts, expected);
        return ERR_INVALID;
    }
    return ERR_OK;
}

/* Goes from the first byte of entropy-coded data to the marker that ends it. */
static enum err skip_entropy_coded_data(struct walk *walk, unsigned components_in_scan) {
    const size_t begin = walk->at;
    size_t at = begin;
    uint32_t restarts = 0;
    for (;;) {
        const uint8_t *found = memchr(walk->bytes + at, 0xFF, walk->count - at);
        if (found == NULL) {
            return cut_short(walk);
        }
        const size_t marker_at = (size_t)(found - walk->bytes);
        at = skip_fill(walk, marker_at);
        if (at == walk->count) {
            return cut_short(walk);
        }
        const unsigned marker = walk->bytes[at++];
        if (marker == STUFFED) {
            continue;
        }
        if (marker_at == begin) {
            return invalid(walk, "a scan is empty");
        }
        if (marker < RST0 || marker > RST7) {
            walk->at = marker_at;
            return check_restarts(walk, components_in_scan, restarts);
        }
        if (walk->restart_interval == 0 || marker - RST0 != restarts % 8) {
            return invalid(walk, "a restart marker is out of order: data was lost");
        }
        restarts++;
    }
}

static enum err finish(struct walk *walk) {
    if (walk->scans == 0 || (!walk->layout.progressive && walk->components_scanned < walk->components)) {
        return invalid(walk, "it ends before its picture is complete");
    }
    walk->layout.end = walk->at;
    return ERR_OK;
}

static enum err walk_segment(struct walk *walk, size_t marker_at, unsigned marker) {
    if (marker == SOI) {
        return invalid(walk, "a second picture begins in the middle");
    }
    if (marker <= TEM || (marker >= RST0 && marker <= RST7)) {
        return misplaced(walk, marker_at, marker);
    }
    struct span segment = {0};
    enum err error = read_segment(walk, &segment);
    if (error != ERR_OK) {
        return error;
    }
    switch (marker) {
    case SOS:
        error = read_scan_header(walk, marker_at, segment);
        return error == ERR_OK ? skip_entropy_coded_data(walk, segment.bytes[0]) : error;
    case DHT: walk->layout.has_huffman_tables |= walk->scans == 0; return ERR_OK;
    case DQT: walk->has_quantization_tables = true; return ERR_OK;
    case DRI:
        if (segment.count != 2) {
            return invalid(walk, "its restart interval is damaged");
        }
        walk->restart_interval = read_u16(segment.bytes);
        return ERR_OK;
    case DNL: return unsupported(walk, "it tells its height only at its end");
    case DHP:
    case EXP: return unsupported(walk, "it is hierarchical, which browsers do not show");
    case COM: return ERR_OK;
    default: break;
    }
    if (marker >= SOF0 && marker <= SOF15) {
        return read_frame_header(walk, marker, segment);
    }
    if (marker >= APP0 && marker <= APP15) {
        return ERR_OK;
    }
    return misplaced(walk, marker_at, marker);
}

enum err jpeg_walk(const uint8_t *bytes, size_t count, struct jpeg_layout *layout, struct reason *reason) {
    struct walk walk = {.bytes = bytes, .count = count, .at = 2, .reason = reason};
    if (count == 0) {
        return invalid(&walk, "it is empty");
    }
    if (count < 2 || bytes[0] != 0xFF || bytes[1] != SOI) {
        return invalid(&walk, "it is not a JPEG");
    }
    enum err error = ERR_OK;
    while (error == ERR_OK) {
        const size_t marker_at = walk.at;
        unsigned marker = 0;
        error = read_marker(&walk, &marker);
        if (error == ERR_OK && marker == EOI) {
            error = finish(&walk);
            break;
        }
        if (error == ERR_OK) {
            error = walk_segment(&walk, marker_at, marker);
        }
    }
    if (error == ERR_OK) {
        *layout = walk.layout;
    }
    return error;
}

static void insert_standard_tables(struct frame *frame, size_t offset) {
    uint8_t *start = frame_prepend(frame, JPEG_STANDARD_TABLES_BYTES);
    memmove(start, start + JPEG_STANDARD_TABLES_BYTES, offset);
    memcpy(start + offset, jpeg_standard_tables, JPEG_STANDARD_TABLES_BYTES);
}

enum err jpeg_admit(struct frame *frame, bool thorough, struct reason *reason) {
    struct span payload = frame_payload(frame);
    struct jpeg_layout layout;
    enum err error = jpeg_walk(payload.bytes, payload.count, &layout, reason);
    if (error != ERR_OK) {
        return error;
    }
    frame_set_size(frame, layout.end);
    if (!layout.has_huffman_tables) {
        insert_standard_tables(frame, layout.first_scan);
    }
    struct frame_info *info = frame_edit_info(frame);
    info->format = FRAME_JPEG;
    info->width_px = layout.width_px;
    info->height_px = layout.height_px;
    payload = frame_payload(frame);
    return !thorough || jpeg_decodes(payload.bytes, payload.count, reason) ? ERR_OK : ERR_INVALID;
}
