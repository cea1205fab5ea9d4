#include "cameras/filter/jpeg_scan_mask.h"

#include "cameras/filter/bit_writer.h"
#include "cameras/filter/jpeg_header.h"
#include "cameras/filter/jpeg_mask.h"
#include "cameras/picture/scan/jpeg_scan.h"

#include <stdlib.h>

/* What is written of a component. */
struct masked_component {
    int black;
    bool is_changed; /* the last block that was written is black */
};

struct jpeg_scan_mask {
    struct jpeg_scan scan;
    const struct mask_grid *grid;
    struct masked_component components[SCAN_COMPONENTS_MAX];
    size_t bit_copied; /* in the scan's interval: up to there it was written, or is masked */
    struct bit_writer writer;
};

/* ---- The header ---- */

static enum err write_header(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture) {
    const JHUFF_TBL *dc[SCAN_COMPONENTS_MAX] = {NULL}, *ac[SCAN_COMPONENTS_MAX] = {NULL};
    for (int i = 0; i < mask->scan.component_count; i++) {
        dc[i] = &mask->scan.components[i].dc->table;
        ac[i] = &mask->scan.components[i].ac->table;
    }
    uint8_t header[JPEG_HEADER_MAX_BYTES];
    return bit_writer_put_header(&mask->writer, header, jpeg_header_write(header, picture, dc, ac));
}

/* ---- Blocks ---- */

/* T.81, F.1.2.1. difference: of values in range, so that its category is. */
static void write_dc(struct bit_writer *writer, const struct huffman_codes *codes, int difference) {
    unsigned category = 0;
    for (unsigned size = (unsigned)abs(difference); size > 0; size >>= 1) {
        category++;
    }
    const struct huffman_code code = codes->codes[category];
    const unsigned number = (unsigned)(difference < 0 ? difference - 1 : difference) & ((1u << category) - 1);
    bit_writer_put(writer, (uint32_t)code.bits << category | number, code.length + category);
}

/* What stays of the interval up to there. */
static enum err copy_until(struct jpeg_scan_mask *mask, size_t bit) {
    const enum err error = bit_writer_copy(&mask->writer, mask->scan.interval.bytes, mask->bit_copied, bit);
    mask->bit_copied = bit;
    return error;
}

static enum err write_black_unit(struct jpeg_scan_mask *mask) {
    const enum err error = bit_writer_reserve(&mask->writer, 2 * 8 * D_MAX_BLOCKS_IN_MCU);
    for (int i = 0; i < mask->scan.component_count && error == ERR_OK; i++) {
        const struct scan_component *component = &mask->scan.components[i];
        struct masked_component *masked = &mask->components[i];
        const struct huffman_code end = component->ac->codes[AC_END_OF_BLOCK];
        int difference = masked->is_changed ? 0 : masked->black - component->dc_value;
        for (uint32_t block = 0; block < component->across * component->down; block++) {
            write_dc(&mask->writer, component->dc, difference);
            bit_writer_put(&mask->writer, end.bits, end.length);
            difference = 0;
        }
        masked->is_changed = true;
    }
    return error;
}

/* Passes over the next block. Behind a black one its difference of DC is written anew. */
static enum err take_block(struct jpeg_scan_mask *mask, int index, bool is_masked) {
    const struct scan_component *component = &mask->scan.components[index];
    struct masked_component *masked = &mask->components[index];
    const size_t begin = mask->scan.bit_at;
    struct scan_block block;
    enum err error = jpeg_scan_pass_block(&mask->scan, index, &block);
    if (error != ERR_OK || is_masked || !masked->is_changed) {
        return error;
    }
    error = copy_until(mask, begin);
    if (error == ERR_OK) {
        error = bit_writer_reserve(&mask->writer, 8);
    }
    if (error == ERR_OK) {
        write_dc(&mask->writer, component->dc, component->dc_value - masked->black);
        mask->bit_copied = block.ac_at;
        masked->is_changed = false;
    }
    return error;
}

static enum err take_unit(void *user, uint32_t column, uint32_t row) {
    struct jpeg_scan_mask *mask = user;
    const bool is_masked = mask_grid_has(mask->grid, column, row);
    enum err error = ERR_OK;
    if (is_masked) {
        error = copy_until(mask, mask->scan.bit_at);
        if (error == ERR_OK) {
            error = write_black_unit(mask);
        }
    }
    for (int i = 0; i < mask->scan.component_count; i++) {
        const struct scan_component *component = &mask->scan.components[i];
        for (uint32_t block = 0; block < component->across * component->down && error == ERR_OK; block++) {
            error = take_block(mask, i, is_masked);
        }
    }
    if (is_masked) {
        mask->bit_copied = mask->scan.bit_at;
    }
    return error;
}

/* In the next one nothing has been written. */
static enum err end_interval(void *user, uint8_t marker) {
    struct jpeg_scan_mask *mask = user;
    const enum err error = copy_until(mask, mask->scan.bit_at);
    mask->bit_copied = 0;
    for (int i = 0; i < mask->scan.component_count; i++) {
        mask->components[i].is_changed = false;
    }
    return error == ERR_OK ? bit_writer_put_marker(&mask->writer, marker) : error;
}

/* ---- All of it ---- */

static void begin(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture,
                  const struct mask_grid *grid) {
    mask->grid = grid;
    mask->bit_copied = 0;
    for (int i = 0; i < mask->scan.component_count; i++) {
        const JQUANT_TBL *table = picture->quant_tbl_ptrs[picture->comp_info[i].quant_tbl_no];
        mask->components[i] = (struct masked_component){.black = jpeg_mask_black(picture->jpeg_color_space, i, table)};
    }
}

enum err jpeg_scan_mask_apply(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture,
                              const struct mask_grid *grid, const struct work_limit *limit, struct frame **output) {
    enum err error = jpeg_scan_begin(&mask->scan, picture);
    if (error != ERR_OK) {
        return error;
    }
    begin(mask, picture, grid);
    bit_writer_begin(&mask->writer, output);
    error = write_header(mask, picture);
    if (error == ERR_OK) {
        const struct scan_visitor visitor = {.user = mask, .take_unit = take_unit, .end_interval = end_interval};
        error = jpeg_scan_walk(&mask->scan, limit, &visitor);
    }
    bit_writer_finish(&mask->writer);
    return error;
}

/* ---- Lifecycle ---- */

enum err jpeg_scan_mask_create(struct jpeg_scan_mask **mask) {
    *mask = calloc(1, sizeof **mask);
    return *mask != NULL ? ERR_OK : ERR_MEMORY;
}

void jpeg_scan_mask_destroy(struct jpeg_scan_mask **mask_pointer) {
    struct jpeg_scan_mask *mask = *mask_pointer;
    *mask_pointer = NULL;
    if (mask != NULL) {
        jpeg_scan_finish(&mask->scan);
        free(mask);
    }
}
