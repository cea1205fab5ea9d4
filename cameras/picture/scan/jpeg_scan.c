#include "cameras/picture/scan/jpeg_scan.h"

#define RST0 0xD0
#define RST7 0xD7
#define EOI 0xD9

/* What some webcams leave in front of a marker. libjpeg's limit (see jpeg_trap.c) counts stuffed bytes, too. */
#define STRAY_BYTES_MAX 32

/* A unit takes some us at most. */
#define UNITS_BETWEEN_CHECKS 512

_Static_assert(SCAN_BLOCK_MAX_BYTES <= SCAN_INTERVAL_SLACK_BYTES, "what lies behind the bits is read");

/* ---- Preparation ---- */

static bool is_supported(const struct jpeg_decompress_struct *picture) {
    const int count = picture->num_components;
    bool is_in_order = picture->comps_in_scan == count && (count == 1 || count == SCAN_COMPONENTS_MAX);
    for (int i = 0; is_in_order && i < count; i++) {
        is_in_order = picture->cur_comp_info[i] == &picture->comp_info[i];
    }
    return is_in_order && !picture->progressive_mode && !picture->arith_code && picture->data_precision == 8 &&
           picture->Ss == 0 && picture->Se == DCTSIZE2 - 1 && picture->Ah == 0 && picture->Al == 0;
}

/* The tables of a component. */
static bool prepare_component(struct jpeg_scan *scan, const struct jpeg_decompress_struct *picture, int index) {
    const jpeg_component_info *info = &picture->comp_info[index];
    const int dc = info->dc_tbl_no, ac = info->ac_tbl_no, quantization = info->quant_tbl_no;
    if (dc < 0 || dc >= NUM_HUFF_TBLS || ac < 0 || ac >= NUM_HUFF_TBLS || quantization < 0 ||
        quantization >= NUM_QUANT_TBLS || picture->dc_huff_tbl_ptrs[dc] == NULL ||
        picture->ac_huff_tbl_ptrs[ac] == NULL || picture->quant_tbl_ptrs[quantization] == NULL ||
        !huffman_codes_set(&scan->dc[dc], picture->dc_huff_tbl_ptrs[dc], true) ||
        !huffman_codes_set(&scan->ac[ac], picture->ac_huff_tbl_ptrs[ac], false)) {
        return false;
    }
    const bool is_alone = picture->num_components == 1; /* then the factors mean nothing: T.81, A.2.2 */
    scan->components[index] = (struct scan_component){.dc = &scan->dc[dc],
                                                      .ac = &scan->ac[ac],
                                                      .across = is_alone ? 1 : (uint32_t)info->h_samp_factor,
                                                      .down = is_alone ? 1 : (uint32_t)info->v_samp_factor};
    return true;
}

static uint32_t count_units(uint32_t px, uint32_t blocks) {
    const uint32_t unit_px = DCTSIZE * blocks;
    return (uint32_t)(((uint64_t)px + unit_px - 1) / unit_px);
}

enum err jpeg_scan_begin(struct jpeg_scan *scan, const struct jpeg_decompress_struct *picture) {
    if (!is_supported(picture)) {
        return ERR_UNSUPPORTED;
    }
    uint32_t blocks = 0, across = 1, down = 1;
    for (int i = 0; i < picture->num_components; i++) {
        if (!prepare_component(scan, picture, i)) {
            return ERR_UNSUPPORTED;
        }
        const struct scan_component *component = &scan->components[i];
        blocks += component->across * component->down;
        across = component->across > across ? component->across : across;
        down = component->down > down ? component->down : down;
    }
    if (blocks > D_MAX_BLOCKS_IN_MCU) {
        return ERR_UNSUPPORTED;
    }
    scan->component_count = picture->num_components;
    scan->columns = count_units(picture->image_width, across);
    scan->rows = count_units(picture->image_height, down);
    scan->restart_interval = picture->restart_interval;
    const struct jpeg_source_mgr *source = picture->src;
    return scan_interval_begin(&scan->interval, (struct span){source->next_input_byte, source->bytes_in_buffer});
}

void jpeg_scan_finish(struct jpeg_scan *scan) { scan_interval_finish(&scan->interval); }

/* ---- The walk ---- */

enum err jpeg_scan_pass_block(struct jpeg_scan *scan, int index, struct scan_block *block) {
    struct scan_component *component = &scan->components[index];
    if (!scan_block_pass(component->dc, component->ac, scan->interval.bytes, scan->bit_at, block) ||
        block->end > scan->interval.bit_count) {
        return ERR_UNSUPPORTED;
    }
    scan->bit_at = block->end;
    component->dc_value += block->dc_difference;
    const bool is_in_range = component->dc_value >= COEFFICIENT_DC_MIN && component->dc_value <= COEFFICIENT_MAX;
    return is_in_range ? ERR_OK : ERR_UNSUPPORTED;
}

/* T.81, F.1.1.5.1: DC is predicted anew. */
static bool begin_interval(struct jpeg_scan *scan, unsigned *marker) {
    scan->bit_at = 0;
    for (int i = 0; i < scan->component_count; i++) {
        scan->components[i].dc_value = 0;
    }
    return scan_interval_load(&scan->interval, marker);
}

/* Some cameras end the last interval like the others. */
static bool is_end(const struct jpeg_scan *scan, unsigned marker, unsigned restart) {
    const struct span rest = scan->interval.rest;
    return marker == EOI || (marker == restart && rest.count >= 2 && rest.bytes[0] == 0xFF && rest.bytes[1] == EOI);
}

static enum err take_units(struct jpeg_scan *scan, uint32_t from, uint32_t to, const struct work_limit *limit,
                           const struct scan_visitor *visitor) {
    enum err error = ERR_OK;
    uint32_t row = from / scan->columns, column = from % scan->columns;
    for (uint32_t unit = from; unit < to && error == ERR_OK; unit++) {
        if (unit % UNITS_BETWEEN_CHECKS == 0) {
            error = work_limit_check(limit);
        }
        if (error == ERR_OK) {
            error = visitor->take_unit(visitor->user, column, row);
        }
        if (++column == scan->columns) {
            column = 0;
            row++;
        }
    }
    if (error == ERR_OK && scan->interval.bit_count - scan->bit_at >= 8 * (STRAY_BYTES_MAX + 1)) {
        error = ERR_UNSUPPORTED;
    }
    return error;
}

enum err jpeg_scan_walk(struct jpeg_scan *scan, const struct work_limit *limit, const struct scan_visitor *visitor) {
    const uint32_t units = scan->columns * scan->rows;
    const uint32_t interval = scan->restart_interval > 0 ? scan->restart_interval : units;
    unsigned restart = scan->restart_interval > 0 ? RST0 : 0; /* the marker that ends the interval */
    for (uint32_t unit = 0; unit < units;) {
        const uint32_t next = units - unit > interval ? unit + interval : units;
        unsigned marker = 0;
        if (!begin_interval(scan, &marker) || (next < units ? marker != restart : !is_end(scan, marker, restart))) {
            return ERR_UNSUPPORTED;
        }
        enum err error = take_units(scan, unit, next, limit, visitor);
        if (error == ERR_OK && visitor->end_interval != NULL) {
            error = visitor->end_interval(visitor->user, (uint8_t)(next < units ? marker : EOI));
        }
        if (error != ERR_OK) {
            return error;
        }
        restart = restart == RST7 ? RST0 : restart + 1;
        unit = next;
    }
    return ERR_OK;
}
