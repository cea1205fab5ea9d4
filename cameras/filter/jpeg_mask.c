#include "cameras/filter/jpeg_mask.h"

#include <string.h>

/* A sample of colour shows in the pixels beside its own, if decoders interpolate. */
static uint32_t margin_px(int factor_max, int factor_min) {
    const int per_sample = (factor_max + factor_min - 1) / factor_min;
    return per_sample > 1 ? (uint32_t)per_sample : 0;
}

struct mask_geometry jpeg_mask_geometry(const jpeg_component_info *components, int count, uint32_t width_px,
                                        uint32_t height_px) {
    struct {
        int min, max;
    } across = {1, 1}, down = {1, 1}; /* sampling factors */
    for (int i = 0; i < count && count > 1; i++) {
        const int h = components[i].h_samp_factor, v = components[i].v_samp_factor;
        across.min = i == 0 || h < across.min ? h : across.min;
        across.max = h > across.max ? h : across.max;
        down.min = i == 0 || v < down.min ? v : down.min;
        down.max = v > down.max ? v : down.max;
    }
    return (struct mask_geometry){.width_px = width_px,
                                  .height_px = height_px,
                                  .cell_width_px = (uint32_t)(DCTSIZE * across.max),
                                  .cell_height_px = (uint32_t)(DCTSIZE * down.max),
                                  .margin_x_px = margin_px(across.max, across.min),
                                  .margin_y_px = margin_px(down.max, down.min)};
}

/* Coarser steps than any encoder's come to values that decoders do not cut off. */
#define STEP_MAX 4096

/* As dark as it can be, which decoders cut off at black. */
JCOEF jpeg_mask_black(J_COLOR_SPACE space, int index, const JQUANT_TBL *table) {
    if (index > 0 && space != JCS_RGB) {
        return 0; /* no colour */
    }
    const int step = table->quantval[0] > 0 ? table->quantval[0] : 1;
    return (JCOEF)(step > STEP_MAX ? 0 : -(128 * DCTSIZE + step - 1) / step);
}

static void mask_cell(const jpeg_component_info *component, JBLOCKARRAY rows, uint32_t column, uint32_t row,
                      JCOEF black) {
    const JDIMENSION across = (JDIMENSION)component->h_samp_factor, down = (JDIMENSION)component->v_samp_factor;
    for (JDIMENSION y = row * down; y < (row + 1) * down && y < component->height_in_blocks; y++) {
        for (JDIMENSION x = column * across; x < (column + 1) * across && x < component->width_in_blocks; x++) {
            memset(rows[y][x], 0, sizeof rows[y][x]);
            rows[y][x][0] = black;
        }
    }
}

static void mask_component(const jpeg_component_info *component, const struct mask_grid *grid, JBLOCKARRAY rows,
                           JCOEF black) {
    for (uint32_t row = 0; row < grid->rows; row++) {
        for (uint32_t column = 0; column < grid->columns; column++) {
            if (mask_grid_has(grid, column, row)) {
                mask_cell(component, rows, column, row, black);
            }
        }
    }
}

void jpeg_mask_coefficients(const struct jpeg_compress_struct *compressor, const struct mask_grid *grid,
                            j_common_ptr owner, jvirt_barray_ptr arrays[]) {
    for (int i = 0; i < compressor->num_components; i++) {
        const jpeg_component_info *component = &compressor->comp_info[i];
        const JQUANT_TBL *table = compressor->quant_tbl_ptrs[component->quant_tbl_no];
        const JBLOCKARRAY rows = owner->mem->access_virt_barray(owner, arrays[i], 0, component->height_in_blocks, TRUE);
        mask_component(component, grid, rows, jpeg_mask_black(compressor->jpeg_color_space, i, table));
    }
}
