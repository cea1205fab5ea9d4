/* The scan of a JPEG picture, passed over code by code instead of being decoded (ITU-T T.81, annex F): it shows where
 * blocks begin and end, and what their DC is.
 *
 * It is for pictures of 1 or 3 components with 8 bits a sample in one sequential scan with Huffman codes. Of all
 * others, and of damaged ones, it says that they are ERR_UNSUPPORTED: those are for libjpeg.
 *
 *     jpeg_scan_begin() -> jpeg_scan_walk(), which calls back for each unit:
 *         jpeg_scan_pass_block() for each of its blocks
 *
 * Lifecycle: zeroed; jpeg_scan_begin() for each picture; jpeg_scan_finish(). Threads: one at a time for each scan. */
#ifndef CAMERAS_PICTURE_SCAN_JPEG_SCAN_H
#define CAMERAS_PICTURE_SCAN_JPEG_SCAN_H

#include "broker/base/work_limit.h"
#include "cameras/picture/scan/huffman_codes.h"
#include "cameras/picture/scan/scan_block.h"
#include "cameras/picture/scan/scan_interval.h"

#define SCAN_COMPONENTS_MAX 3

struct scan_component {
    const struct huffman_codes *dc, *ac;
    uint32_t across, down; /* blocks in a unit */
    int dc_value;          /* of the last block, in steps of its quantization table */
};

struct jpeg_scan {
    struct scan_component components[SCAN_COMPONENTS_MAX];
    int component_count;
    uint32_t columns, rows;        /* of minimum coded units */
    uint32_t restart_interval;     /* in units; 0: none */
    struct scan_interval interval; /* the one between restart markers that is passed over */
    size_t bit_at;                 /* in the interval: up to there it was passed over */
    struct huffman_codes dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
};

struct scan_visitor {
    void *user;
    /* Passes over all blocks of a unit, in the order of the components. */
    enum err (*take_unit)(void *user, uint32_t column, uint32_t row);
    /* Behind the last unit before a marker: RST0 to RST7, or EOI. NULL: nothing is done. */
    enum err (*end_interval)(void *user, uint8_t marker);
};

/* picture: jpeg_read_header() has read it from memory; borrowed until the walk's end, and left so that libjpeg can go
 * on with it. All its tables are there afterwards. ERR_UNSUPPORTED, ERR_MEMORY. */
CHECKED enum err jpeg_scan_begin(struct jpeg_scan *scan, const struct jpeg_decompress_struct *picture);
void jpeg_scan_finish(struct jpeg_scan *scan);

/* limit: borrowed; NULL: none. ERR_UNSUPPORTED: the picture is damaged, or decoders may disagree about it.
 * ERR_INTERRUPTED, ERR_TIMEOUT: the limit was reached. Else, what the visitor fails with. */
CHECKED enum err jpeg_scan_walk(struct jpeg_scan *scan, const struct work_limit *limit,
                                const struct scan_visitor *visitor);

/* The next block, of scan->components[component]. ERR_UNSUPPORTED: it is damaged. */
CHECKED enum err jpeg_scan_pass_block(struct jpeg_scan *scan, int component, struct scan_block *block);

#endif
