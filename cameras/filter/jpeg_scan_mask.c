#include "cameras/filter/jpeg_scan_mask.h"

#include "cameras/filter/bit_writer.h"
#include "cameras/filter/coefficient_range.h"
#include "cameras/filter/huffman_codes.h"
#include "cameras/filter/jpeg_header.h"
#include "cameras/filter/jpeg_mask.h"
#include "cameras/filter/scan_block.h"
#include "cameras/filter/scan_interval.h"

#include <stdlib.h>

#define COMPONENTS_MAX 3

#define RST0 0xD0
#define RST7 0xD7
#define EOI 0xD9

/* What some webcams leave in front of a marker. libjpeg's limit (see jpeg_trap.c) counts stuffed bytes, too. */
#define STRAY_BYTES_MAX 32

/* A unit takes some us at most. */
#define UNITS_BETWEEN_CHECKS 512

struct component {
    const struct huffman_codes *dc, *ac;
    int blocks; /* in a unit */
    int black;
    int dc_value;    /* of the last block that was read */
    bool is_changed; /* the last block that was written is black */
};

_Static_assert(SCAN_BLOCK_MAX_BYTES <= SCAN_INTERVAL_SLACK_BYTES, "what lies behind the bits is read");

struct jpeg_scan_mask {
    struct huffman_codes dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
    struct component components[COMPONENTS_MAX];
    int component_count;
    struct scan_interval interval;
    size_t bit_at;     /* in the interval: up to there it was read */
    size_t bit_copied; /* up to there it was written, or is masked */
    struct bit_writer writer;
};

/* ---- Preparation ---- */

static bool is_supported(const struct jpeg_decompress_struct *picture) {
    const int count = picture->num_components;
    bool is_in_order = picture->comps_in_scan == count && (count == 1 || count == COMPONENTS_MAX);
    for (int i = 0; is_in_order && i < count; i++) {
        is_in_order = picture->cur_comp_info[i] == &picture->comp_info[i];
    }
    return is_in_order && !picture->progressive_mode && !picture->arith_code && picture->data_precision == 8 &&
           picture->Ss == 0 && picture->Se == DCTSIZE2 - 1 && picture->Ah == 0 && picture->Al == 0;
}

/* The tables of a component. */
static bool prepare_component(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture, int index) {
    const jpeg_component_info *info = &picture->comp_info[index];
    const int dc = info->dc_tbl_no, ac = info->ac_tbl_no, quantization = info->quant_tbl_no;
    if (dc < 0 || dc >= NUM_HUFF_TBLS || ac < 0 || ac >= NUM_HUFF_TBLS || quantization < 0 ||
        quantization >= NUM_QUANT_TBLS || picture->dc_huff_tbl_ptrs[dc] == NULL ||
        picture->ac_huff_tbl_ptrs[ac] == NULL || picture->quant_tbl_ptrs[quantization] == NULL ||
        !huffman_codes_set(&mask->dc[dc], picture->dc_huff_tbl_ptrs[dc], true) ||
        !huffman_codes_set(&mask->ac[ac], picture->ac_huff_tbl_ptrs[ac], false)) {
        return false;
    }
    mask->components[index] = (struct component){
        .dc = &mask->dc[dc],
        .ac = &mask->ac[ac],
        .blocks = picture->num_components == 1 ? 1 : info->h_samp_factor * info->v_samp_factor,
        .black = jpeg_mask_black(picture->jpeg_color_space, index, picture->quant_tbl_ptrs[quantization])};
    return true;
}

static enum err prepare(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture) {
    if (!is_supported(picture)) {
        return ERR_UNSUPPORTED;
    }
    int blocks = 0;
    for (int i = 0; i < picture->num_components; i++) {
        if (!prepare_component(mask, picture, i)) {
            return ERR_UNSUPPORTED;
        }
        blocks += mask->components[i].blocks;
    }
    if (blocks > D_MAX_BLOCKS_IN_MCU) {
        return ERR_UNSUPPORTED;
    }
    mask->component_count = picture->num_components;
    const struct jpeg_source_mgr *source = picture->src;
    return scan_interval_begin(&mask->interval, (struct span){source->next_input_byte, source->bytes_in_buffer});
}

static enum err write_header(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture) {
    const JHUFF_TBL *dc[COMPONENTS_MAX] = {NULL}, *ac[COMPONENTS_MAX] = {NULL};
    for (int i = 0; i < mask->component_count; i++) {
        dc[i] = &mask->components[i].dc->table;
        ac[i] = &mask->components[i].ac->table;
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
    const enum err error = bit_writer_copy(&mask->writer, mask->interval.bytes, mask->bit_copied, bit);
    mask->bit_copied = bit;
    return error;
}

static enum err write_black_unit(struct jpeg_scan_mask *mask) {
    const enum err error = bit_writer_reserve(&mask->writer, 2 * 8 * D_MAX_BLOCKS_IN_MCU);
    for (int i = 0; i < mask->component_count && error == ERR_OK; i++) {
        struct component *component = &mask->components[i];
        const struct huffman_code end = component->ac->codes[AC_END_OF_BLOCK];
        int difference = component->is_changed ? 0 : component->black - component->dc_value;
        for (int block = 0; block < component->blocks; block++) {
            write_dc(&mask->writer, component->dc, difference);
            bit_writer_put(&mask->writer, end.bits, end.length);
            difference = 0;
        }
        component->is_changed = true;
    }
    return error;
}

/* Passes over the next block. Behind a black one its difference of DC is written anew. */
static enum err take_block(struct jpeg_scan_mask *mask, struct component *component, bool is_masked) {
    const size_t begin = mask->bit_at;
    struct scan_block block;
    if (!scan_block_pass(component->dc, component->ac, mask->interval.bytes, begin, &block) ||
        block.end > mask->interval.bit_count) {
        return ERR_UNSUPPORTED;
    }
    mask->bit_at = block.end;
    component->dc_value += block.dc_difference;
    if (component->dc_value < COEFFICIENT_DC_MIN || component->dc_value > COEFFICIENT_MAX) {
        return ERR_UNSUPPORTED;
    }
    if (is_masked || !component->is_changed) {
        return ERR_OK;
    }
    enum err error = copy_until(mask, begin);
    if (error == ERR_OK) {
        error = bit_writer_reserve(&mask->writer, 8);
    }
    if (error == ERR_OK) {
        write_dc(&mask->writer, component->dc, component->dc_value - component->black);
        mask->bit_copied = block.ac_at;
        component->is_changed = false;
    }
    return error;
}

static enum err take_unit(struct jpeg_scan_mask *mask, bool is_masked) {
    enum err error = ERR_OK;
    if (is_masked) {
        error = copy_until(mask, mask->bit_at);
        if (error == ERR_OK) {
            error = write_black_unit(mask);
        }
    }
    for (int i = 0; i < mask->component_count; i++) {
        for (int block = 0; block < mask->components[i].blocks && error == ERR_OK; block++) {
            error = take_block(mask, &mask->components[i], is_masked);
        }
    }
    if (is_masked) {
        mask->bit_copied = mask->bit_at;
    }
    return error;
}

/* ---- Intervals ---- */

/* T.81, F.1.1.5.1: DC is predicted anew. */
static bool begin_interval(struct jpeg_scan_mask *mask, unsigned *marker) {
    mask->bit_at = mask->bit_copied = 0;
    for (int i = 0; i < mask->component_count; i++) {
        mask->components[i].dc_value = 0;
        mask->components[i].is_changed = false;
    }
    return scan_interval_load(&mask->interval, marker);
}

/* Some cameras end the last interval like the others. */
static bool is_end(const struct jpeg_scan_mask *mask, unsigned marker, unsigned restart) {
    const struct span rest = mask->interval.rest;
    return marker == EOI || (marker == restart && rest.count >= 2 && rest.bytes[0] == 0xFF && rest.bytes[1] == EOI);
}

static enum err take_interval(struct jpeg_scan_mask *mask, const struct mask_grid *grid, uint32_t from, uint32_t to,
                              const struct work_limit *limit) {
    enum err error = ERR_OK;
    uint32_t row = from / grid->columns, column = from % grid->columns;
    for (uint32_t unit = from; unit < to && error == ERR_OK; unit++) {
        if (unit % UNITS_BETWEEN_CHECKS == 0) {
            error = work_limit_check(limit);
        }
        if (error == ERR_OK) {
            error = take_unit(mask, mask_grid_has(grid, column, row));
        }
        if (++column == grid->columns) {
            column = 0;
            row++;
        }
    }
    if (error == ERR_OK && mask->interval.bit_count - mask->bit_at >= 8 * (STRAY_BYTES_MAX + 1)) {
        error = ERR_UNSUPPORTED;
    }
    return error == ERR_OK ? copy_until(mask, mask->bit_at) : error;
}

static enum err take_scan(struct jpeg_scan_mask *mask, const struct mask_grid *grid, uint32_t restart_interval,
                          const struct work_limit *limit) {
    const uint32_t units = grid->columns * grid->rows;
    const uint32_t interval = restart_interval > 0 ? restart_interval : units;
    unsigned restart = restart_interval > 0 ? RST0 : 0; /* the marker that ends the interval */
    for (uint32_t unit = 0; unit < units;) {
        const uint32_t next = units - unit > interval ? unit + interval : units;
        unsigned marker = 0;
        if (!begin_interval(mask, &marker) || (next < units ? marker != restart : !is_end(mask, marker, restart))) {
            return ERR_UNSUPPORTED;
        }
        enum err error = take_interval(mask, grid, unit, next, limit);
        if (error == ERR_OK) {
            error = bit_writer_put_marker(&mask->writer, (uint8_t)(next < units ? marker : EOI));
        }
        if (error != ERR_OK) {
            return error;
        }
        restart = restart == RST7 ? RST0 : restart + 1;
        unit = next;
    }
    return ERR_OK;
}

enum err jpeg_scan_mask_apply(struct jpeg_scan_mask *mask, const struct jpeg_decompress_struct *picture,
                              const struct mask_grid *grid, const struct work_limit *limit, struct frame **output) {
    enum err error = prepare(mask, picture);
    if (error != ERR_OK) {
        return error;
    }
    bit_writer_begin(&mask->writer, output);
    error = write_header(mask, picture);
    if (error == ERR_OK) {
        error = take_scan(mask, grid, picture->restart_interval, limit);
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
        scan_interval_finish(&mask->interval);
        free(mask);
    }
}
