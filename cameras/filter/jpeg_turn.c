#include "cameras/filter/jpeg_turn.h"

#include <string.h>

struct jpeg_sampling jpeg_max_sampling(const struct jpeg_compress_struct *compressor) {
    struct jpeg_sampling max = {1, 1};
    for (int i = 0; i < compressor->num_components; i++) {
        const jpeg_component_info *component = &compressor->comp_info[i];
        max.across = component->h_samp_factor > max.across ? component->h_samp_factor : max.across;
        max.down = component->v_samp_factor > max.down ? component->v_samp_factor : max.down;
    }
    return max;
}

/* ---- Parameters ---- */

static void transpose_table(JQUANT_TBL *table) {
    for (int row = 0; table != NULL && row < DCTSIZE; row++) {
        for (int column = 0; column < row; column++) {
            UINT16 *one = &table->quantval[DCTSIZE * row + column], *other = &table->quantval[DCTSIZE * column + row];
            const UINT16 kept = *one;
            *one = *other;
            *other = kept;
        }
    }
}

static void transpose_parameters(struct jpeg_compress_struct *compressor) {
    const JDIMENSION width = compressor->image_width;
    compressor->image_width = compressor->image_height;
    compressor->image_height = width;
    for (int i = 0; i < compressor->num_components; i++) {
        jpeg_component_info *component = &compressor->comp_info[i];
        const int across = component->h_samp_factor;
        component->h_samp_factor = component->v_samp_factor;
        component->v_samp_factor = across;
    }
    for (int i = 0; i < NUM_QUANT_TBLS; i++) {
        transpose_table(compressor->quant_tbl_ptrs[i]);
    }
}

bool jpeg_turn_parameters(struct jpeg_compress_struct *compressor, struct turn turn) {
    if (turn.transpose) {
        transpose_parameters(compressor);
    }
    const struct jpeg_sampling max = jpeg_max_sampling(compressor);
    if (turn.mirror_x) {
        compressor->image_width -= compressor->image_width % (JDIMENSION)(DCTSIZE * max.across);
    }
    if (turn.mirror_y) {
        compressor->image_height -= compressor->image_height % (JDIMENSION)(DCTSIZE * max.down);
    }
    return compressor->image_width > 0 && compressor->image_height > 0;
}

static JDIMENSION divide_up(JDIMENSION dividend, JDIMENSION divisor) { return (dividend + divisor - 1) / divisor; }

/* Whole units, as libjpeg accesses them. */
static JDIMENSION count_blocks(JDIMENSION size_px, int factor, int max_factor) {
    return divide_up(size_px, (JDIMENSION)(DCTSIZE * max_factor)) * (JDIMENSION)factor;
}

void jpeg_turn_request_arrays(struct jpeg_compress_struct *compressor, jvirt_barray_ptr arrays[MAX_COMPONENTS]) {
    const struct jpeg_sampling max = jpeg_max_sampling(compressor);
    for (int i = 0; i < compressor->num_components; i++) {
        const jpeg_component_info *component = &compressor->comp_info[i];
        arrays[i] = compressor->mem->request_virt_barray(
            (j_common_ptr)compressor, JPOOL_IMAGE, FALSE,
            count_blocks(compressor->image_width, component->h_samp_factor, max.across),
            count_blocks(compressor->image_height, component->v_samp_factor, max.down),
            (JDIMENSION)component->v_samp_factor);
    }
}

/* ---- Blocks ---- */

typedef JCOEF block_row __attribute__((vector_size(DCTSIZE * sizeof(JCOEF))));

/* A block in vector registers, and what changes the signs: mirroring negates the coefficients of odd frequency that
 * way, as (c ^ -1) - -1 does, and (c ^ 0) - 0 leaves them. */
struct block {
    block_row rows[DCTSIZE];
};

static struct block find_signs(struct turn turn) {
    struct block signs = {{{0}}};
    for (int row = 0; row < DCTSIZE; row++) {
        for (int column = 0; column < DCTSIZE; column++) {
            const bool negated = (turn.mirror_x && column % 2 != 0) != (turn.mirror_y && row % 2 != 0);
            signs.rows[row][column] = negated ? -1 : 0;
        }
    }
    return signs;
}

/* Rows of both by turns: one of three steps of a transposition. */
static inline void interleave(const struct block *from, struct block *to) {
    for (int i = 0; i < DCTSIZE / 2; i++) {
        const block_row upper = from->rows[i], lower = from->rows[i + DCTSIZE / 2];
        to->rows[2 * i] = __builtin_shufflevector(upper, lower, 0, 8, 1, 9, 2, 10, 3, 11);
        to->rows[2 * i + 1] = __builtin_shufflevector(upper, lower, 4, 12, 5, 13, 6, 14, 7, 15);
    }
}

static inline void turn_block(JCOEF *to, const JCOEF *from, bool transpose, const struct block *signs) {
    struct block block, other;
    memcpy(&block, from, sizeof block);
    if (transpose) {
        interleave(&block, &other);
        interleave(&other, &block);
        interleave(&block, &other);
        block = other;
    }
    for (int i = 0; i < DCTSIZE; i++) {
        block.rows[i] = (block.rows[i] ^ signs->rows[i]) - signs->rows[i];
    }
    memcpy(to, &block, sizeof block);
}

/* Blocks that lie side by side before a transposition are read together. */
#define TILE_ROWS 8

static void turn_component(JBLOCKROW *to, const JBLOCKROW *from, JDIMENSION width, JDIMENSION height,
                           struct turn turn) {
    const struct block signs = find_signs(turn);
    for (JDIMENSION top = 0; top < height; top += TILE_ROWS) {
        const JDIMENSION bottom = height - top < TILE_ROWS ? height : top + TILE_ROWS;
        for (JDIMENSION x = 0; x < width; x++) {
            const JDIMENSION from_x = turn.mirror_x ? width - 1 - x : x;
            for (JDIMENSION y = top; y < bottom; y++) {
                const JDIMENSION from_y = turn.mirror_y ? height - 1 - y : y;
                turn_block(to[y][x], turn.transpose ? from[from_x][from_y] : from[from_y][from_x], turn.transpose,
                           &signs);
            }
        }
    }
}

void jpeg_turn_blocks(struct jpeg_decompress_struct *decompressor, const jvirt_barray_ptr from[],
                      struct jpeg_compress_struct *compressor, const jvirt_barray_ptr to[], struct turn turn) {
    for (int i = 0; i < compressor->num_components; i++) {
        const jpeg_component_info *component = &compressor->comp_info[i];
        const JDIMENSION width = component->width_in_blocks, height = component->height_in_blocks;
        const JDIMENSION from_height = turn.transpose ? width : height;
        const JBLOCKARRAY rows =
            decompressor->mem->access_virt_barray((j_common_ptr)decompressor, from[i], 0, from_height, FALSE);
        const JBLOCKARRAY turned =
            compressor->mem->access_virt_barray((j_common_ptr)compressor, to[i], 0, height, TRUE);
        turn_component(turned, rows, width, height, turn);
    }
}
