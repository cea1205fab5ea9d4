#include "cameras/filter/coefficient_range.h"

#include "cameras/picture/scan/huffman_codes.h"

/* Whether all values of a table, whose lower four bits say how many bits a number has, say at most so many. */
static bool are_small(const JHUFF_TBL *table, unsigned bits_max) {
    unsigned count = 0;
    for (int length = 1; table != NULL && length <= 16; length++) {
        count += table->bits[length];
    }
    for (unsigned i = 0; i < count && i < sizeof table->huffval; i++) {
        if ((table->huffval[i] & 15) > bits_max) {
            return false;
        }
    }
    return true;
}

/* In several scans each may have had tables of its own, and progressive numbers are shifted. */
static bool are_codes_small(const struct jpeg_decompress_struct *decompressor) {
    bool small = !decompressor->progressive_mode && decompressor->input_scan_number <= 1;
    for (int i = 0; i < NUM_HUFF_TBLS && small; i++) {
        small = are_small(decompressor->dc_huff_tbl_ptrs[i], DC_CATEGORY_MAX) &&
                are_small(decompressor->ac_huff_tbl_ptrs[i], AC_CATEGORY_MAX);
    }
    return small;
}

static bool is_dc_in_range(JCOEF dc) { return dc >= COEFFICIENT_DC_MIN && dc <= COEFFICIENT_MAX; }

static bool are_ac_in_range(const JCOEF *block) {
    JCOEF min = 0, max = 0;
    for (int i = 1; i < DCTSIZE2; i++) {
        min = block[i] < min ? block[i] : min;
        max = block[i] > max ? block[i] : max;
    }
    return min >= -COEFFICIENT_MAX && max <= COEFFICIENT_MAX;
}

bool coefficients_are_in_range(struct jpeg_decompress_struct *decompressor, const jvirt_barray_ptr arrays[]) {
    const bool dc_only = are_codes_small(decompressor);
    bool in_range = true;
    for (int i = 0; i < decompressor->num_components; i++) {
        const jpeg_component_info *component = &decompressor->comp_info[i];
        const JBLOCKARRAY rows = decompressor->mem->access_virt_barray((j_common_ptr)decompressor, arrays[i], 0,
                                                                       component->height_in_blocks, FALSE);
        for (JDIMENSION y = 0; y < component->height_in_blocks; y++) {
            for (JDIMENSION x = 0; x < component->width_in_blocks; x++) {
                in_range &= is_dc_in_range(rows[y][x][0]) && (dc_only || are_ac_in_range(rows[y][x]));
            }
        }
    }
    return in_range;
}
