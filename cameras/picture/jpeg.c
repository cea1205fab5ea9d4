#include "cameras/picture/jpeg.h"

#include "cameras/picture/exif.h"
#include "cameras/picture/jpeg_decode.h"
#include "cameras/picture/jpeg_tables.h"

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
    APP1 = 0xE1,
    APP15 = 0xEF,
    COM = 0xFE,
};

/* Real files have about ten. */
#define SCANS_MAX 100
#define COMPONENTS_MAX 3

/* How far a walk has come, and what it has met. */
struct walk {
    const uint8_t *bytes;
    size_t count;
    size_t at;
    struct jpeg_layout layout;
    struct reason *reason;
    unsigned components; /* 0 until the frame header */
    struct component {
        uint8_t id;
        uint32_t across, down; /* sampling factors */
        uint64_t complete;     /* progressive: a bit for each coefficient whose last bit was coded */
    } component[COMPONENTS_MAX];
    uint32_t max_across, max_down;
    unsigned components_scanned;
    unsigned scans;
    uint32_t unit_rows, unit_columns; /* of the largest coded unit: see read_frame_header() */
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

static enum err ends_early(const struct walk *walk) {
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
        return ends_early(walk);
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
        return ends_early(walk);
    }
    size_t length = read_u16(walk->bytes + walk->at);
    if (length < 2) {
        return invalid(walk, "a segment is shorter than its own length");
    }
    if (length > left) {
        return ends_early(walk);
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
    walk->max_across = walk->max_down = 1;
    for (unsigned i = 0; i < walk->components; i++) {
        const uint8_t *entry = header.bytes + 6 + 3 * (size_t)i;
        uint32_t across = entry[1] >> 4, down = entry[1] & 15;
        if (across < 1 || across > 4 || down < 1 || down > 4) {
            return invalid(walk, "its frame header is damaged");
        }
        walk->component[i] = (struct component){.id = entry[0], .across = across, .down = down};
        walk->max_across = across > walk->max_across ? across : walk->max_across;
        walk->max_down = down > walk->max_down ? down : walk->max_down;
    }
    /* With one component the unit is a block, whatever its sampling factors: T.81, A.2.2. */
    bool interleaved = walk->components > 1;
    walk->unit_columns = divide_up(walk->layout.width_px, interleaved ? 8 * walk->max_across : 8);
    walk->unit_rows = divide_up(walk->layout.height_px, interleaved ? 8 * walk->max_down : 8);
    return ERR_OK;
}

/* The blocks of a scan; one with several components has whole units: T.81, A.2. */
static uint64_t count_blocks(const struct walk *walk, struct span scan_header) {
    const unsigned scanned = scan_header.bytes[0];
    uint64_t units = (uint64_t)walk->unit_columns * walk->unit_rows, blocks = 0;
    for (unsigned i = 0; i < scanned; i++) {
        for (unsigned j = 0; j < walk->components; j++) {
            const struct component *component = &walk->component[j];
            if (component->id != scan_header.bytes[1 + 2 * i]) {
                continue;
            }
            uint32_t width = divide_up(walk->layout.width_px * component->across, walk->max_across);
            uint32_t height = divide_up(walk->layout.height_px * component->down, walk->max_down);
            blocks += scanned > 1 ? units * component->across * component->down
                                  : (uint64_t)divide_up(width, 8) * divide_up(height, 8);
            break;
        }
    }
    return blocks;
}

/* A progressive scan brings some coefficients of each of its components, to a precision: T.81, G.1.1. */
static void note_coefficients(struct walk *walk, struct span scan_header) {
    const unsigned scanned = scan_header.bytes[0];
    const uint8_t *end = scan_header.bytes + 1 + 2 * scanned;
    const unsigned first = end[0], last = end[1], bits_left = end[2] & 15;
    if (bits_left > 0 || first > last || last > 63) {
        return;
    }
    const uint64_t coefficients = UINT64_MAX >> (63 - last) & UINT64_MAX << first;
    for (unsigned i = 0; i < scanned; i++) {
        for (unsigned j = 0; j < walk->components; j++) {
            if (walk->component[j].id == scan_header.bytes[1 + 2 * i]) {
                walk->component[j].complete |= coefficients;
            }
        }
    }
}

/* No decoder notices that the last scans are missing. */
static bool is_complete(const struct walk *walk) {
    bool complete = walk->layout.progressive || walk->components_scanned == walk->components;
    for (unsigned i = 0; walk->layout.progressive && i < walk->components; i++) {
        complete &= walk->component[i].complete == UINT64_MAX;
    }
    return complete;
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
    note_coefficients(walk, header);
    walk->components_scanned += header.bytes[0];
    if (walk->scans > SCANS_MAX || (!walk->layout.progressive && walk->components_scanned > walk->components)) {
        return invalid(walk, "it has more scans than a picture needs");
    }
    walk->layout.coded_blocks += count_blocks(walk, header);
    if (walk->layout.coded_blocks > JPEG_CODED_BLOCKS_MAX) {
        return unsupported(walk, "decoding it takes too much work: its size times its scans exceeds the limit");
    }
    return ERR_OK;
}

/* Lost data shows as restart markers that are missing or out of order; without decoding that is the only trace of it.
 * This is strict, since browsers paint rubbish from there on. Cameras that end the last interval with a marker, too,
 * do no harm. Only scans of all components are counted. */
static enum err check_restarts(const struct walk *walk, unsigned components_in_scan, uint32_t restarts) {
    if (walk->restart_interval == 0 || walk->layout.progressive || components_in_scan != walk->components) {
        return ERR_OK;
    }
    uint32_t expected = (uint32_t)(((uint64_t)walk->unit_rows * walk->unit_columns - 1) / walk->restart_interval);
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
    walk->layout.lacks_end = is_complete(walk); /* until there is a marker */
    for (;;) {
        const uint8_t *found = memchr(walk->bytes + at, 0xFF, walk->count - at);
        if (found == NULL) {
            return ends_early(walk);
        }
        const size_t marker_at = (size_t)(found - walk->bytes);
        at = skip_fill(walk, marker_at);
        if (at == walk->count) {
            return ends_early(walk);
        }
        const unsigned marker = walk->bytes[at++];
        if (marker == STUFFED) {
            continue;
        }
        if (marker_at == begin) {
            walk->layout.lacks_end = false;
            return invalid(walk, "a scan is empty");
        }
        if (marker < RST0 || marker > RST7) {
            walk->at = marker_at;
            walk->layout.lacks_end = false;
            return check_restarts(walk, components_in_scan, restarts);
        }
        if (walk->restart_interval == 0 || marker - RST0 != restarts % 8) {
            return invalid(walk, "a restart marker is out of order: data was lost");
        }
        restarts++;
    }
}

static enum err finish_walk(struct walk *walk) {
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
    case DNL: return unsupported(walk, "it states its height only at its end");
    case DHP:
    case EXP: return unsupported(walk, "it is hierarchical, which browsers do not show");
    case COM: return ERR_OK;
    default: break;
    }
    if (marker >= SOF0 && marker <= SOF15) {
        return read_frame_header(walk, marker, segment);
    }
    if (marker == APP1 && walk->layout.orientation == 0) {
        walk->layout.orientation = exif_read_orientation(segment);
    }
    if (marker >= APP0 && marker <= APP15) {
        return ERR_OK;
    }
    return misplaced(walk, marker_at, marker);
}

enum err jpeg_inspect(const uint8_t *bytes, size_t count, struct jpeg_layout *layout, struct reason *reason) {
    struct walk walk = {.bytes = bytes, .count = count, .at = 2, .reason = reason};
    *layout = walk.layout;
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
            error = finish_walk(&walk);
            break;
        }
        if (error == ERR_OK) {
            error = walk_segment(&walk, marker_at, marker);
        }
    }
    *layout = walk.layout;
    return error;
}

static void insert_standard_tables(struct frame *frame, size_t offset) {
    uint8_t *start = frame_prepend(frame, JPEG_STANDARD_TABLES_BYTES);
    memmove(start, start + JPEG_STANDARD_TABLES_BYTES, offset);
    memcpy(start + offset, jpeg_standard_tables, JPEG_STANDARD_TABLES_BYTES);
}

/* Some cameras leave EOI out. */
static void append_end(struct frame *frame) {
    const size_t count = frame_payload(frame).count;
    uint8_t *start = frame_prepend(frame, 2);
    memmove(start, start + 2, count);
    start[count] = 0xFF;
    start[count + 1] = EOI;
}

static void fill_in(struct frame *frame, const struct jpeg_layout *layout) {
    frame_set_size(frame, layout->end);
    if (!layout->has_huffman_tables) {
        insert_standard_tables(frame, layout->first_scan);
    }
    const bool is_sideways = exif_is_sideways(layout->orientation);
    struct frame_info *info = frame_edit_info(frame);
    info->format = FRAME_JPEG;
    info->orientation = layout->orientation;
    info->width_px = is_sideways ? layout->height_px : layout->width_px;
    info->height_px = is_sideways ? layout->width_px : layout->height_px;
}

enum err jpeg_admit(struct frame *frame, bool thorough, const struct work_limit *limit, struct reason *reason) {
    struct span payload = frame_payload(frame);
    struct jpeg_layout layout;
    enum err error = jpeg_inspect(payload.bytes, payload.count, &layout, reason);
    if (error != ERR_OK && layout.lacks_end) {
        append_end(frame);
        payload = frame_payload(frame);
        error = jpeg_inspect(payload.bytes, payload.count, &layout, NULL);
        thorough = true;
        reason = NULL; /* it stays: the end is missing */
    }
    if (error != ERR_OK) {
        return error;
    }
    fill_in(frame, &layout);
    if (thorough) {
        struct reason why = {""};
        payload = frame_payload(frame);
        error = jpeg_check_decoding(payload.bytes, payload.count, limit, &why);
        if (error != ERR_OK) {
            reason_set(reason, "%s", why.text);
        }
    }
    return error;
}
