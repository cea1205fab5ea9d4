#include "cameras/filter/jpeg_caption.h"

#include "cameras/picture/scan/huffman_codes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

struct jpeg_caption {
    struct caption *caption;
    float basis[DCTSIZE][DCTSIZE]; /* of the transform: for each frequency and place */
    uint8_t *samples;              /* of the box, in whole units */
    size_t capacity;
    uint32_t width_px, height_px; /* of those */
};

enum err jpeg_caption_create(const struct caption_settings *settings, const char *name, struct jpeg_caption **out) {
    struct jpeg_caption *caption = calloc(1, sizeof *caption);
    if (caption == NULL) {
        return ERR_MEMORY;
    }
    enum err error = caption_create(settings, name, &caption->caption);
    if (error != ERR_OK) {
        free(caption);
        return error;
    }
    for (int frequency = 0; frequency < DCTSIZE; frequency++) {
        for (int place = 0; place < DCTSIZE; place++) { /* T.81, A.3.3 */
            const double scale = frequency == 0 ? sqrt(0.125) : 0.5;
            caption->basis[frequency][place] = (float)(scale * cos((2 * place + 1) * frequency * PI / 16));
        }
    }
    *out = caption;
    return ERR_OK;
}

void jpeg_caption_destroy(struct jpeg_caption **caption) {
    if (*caption != NULL) {
        caption_destroy(&(*caption)->caption);
        free((*caption)->samples);
        free(*caption);
        *caption = NULL;
    }
}

/* ---- The box ---- */

static uint32_t round_up(uint32_t count, uint32_t unit) { return (count + unit - 1) / unit * unit; }

static enum err reserve(struct jpeg_caption *caption) {
    const size_t needed = (size_t)caption->width_px * caption->height_px;
    if (needed > caption->capacity) {
        uint8_t *samples = realloc(caption->samples, needed);
        if (samples == NULL) {
            return ERR_MEMORY;
        }
        caption->samples = samples;
        caption->capacity = needed;
    }
    return ERR_OK;
}

static enum err draw(struct jpeg_caption *caption, int64_t captured_realtime_ns,
                     const struct jpeg_compress_struct *compressor) {
    const uint32_t width = compressor->image_width, height = compressor->image_height;
    const uint32_t unit_x = DCTSIZE * (uint32_t)compressor->max_h_samp_factor;
    const uint32_t unit_y = DCTSIZE * (uint32_t)compressor->max_v_samp_factor;
    struct caption_size size;
    enum err error = caption_prepare(caption->caption, captured_realtime_ns, width, height, &size);
    if (error != ERR_OK) {
        return error;
    }
    const uint32_t box_width = (uint32_t)size.width_px < width ? (uint32_t)size.width_px : width;
    const uint32_t box_height = (uint32_t)size.height_px < height ? (uint32_t)size.height_px : height;
    caption->width_px = round_up(box_width, unit_x);
    caption->height_px = round_up(box_height, unit_y);
    error = reserve(caption);
    if (error == ERR_OK) {
        memset(caption->samples, 0, (size_t)caption->width_px * caption->height_px);
        const struct canvas canvas = {.planes[0] = {.samples = caption->samples,
                                                    .stride = (ptrdiff_t)caption->width_px,
                                                    .step = 1,
                                                    .across = 1,
                                                    .down = 1},
                                      .width_px = caption->width_px < width ? caption->width_px : width,
                                      .height_px = caption->height_px};
        caption_draw(caption->caption, &canvas);
    }
    return error;
}

/* ---- The blocks ---- */

static JCOEF quantize(float value, UINT16 step, bool is_dc) {
    const long rounded = lroundf(value / (float)(step > 0 ? step : 1));
    const long min = is_dc ? COEFFICIENT_DC_MIN : -COEFFICIENT_MAX;
    return (JCOEF)(rounded < min ? min : rounded > COEFFICIENT_MAX ? COEFFICIENT_MAX : rounded);
}

static void transform(const struct jpeg_caption *caption, float samples[DCTSIZE][DCTSIZE], const JQUANT_TBL *table,
                      JCOEF *block) {
    float rows[DCTSIZE][DCTSIZE] = {{0}};
    for (int y = 0; y < DCTSIZE; y++) {
        for (int frequency = 0; frequency < DCTSIZE; frequency++) {
            for (int x = 0; x < DCTSIZE; x++) {
                rows[y][frequency] += samples[y][x] * caption->basis[frequency][x];
            }
        }
    }
    for (int down = 0; down < DCTSIZE; down++) {
        float sums[DCTSIZE] = {0};
        for (int y = 0; y < DCTSIZE; y++) {
            for (int across = 0; across < DCTSIZE; across++) {
                sums[across] += rows[y][across] * caption->basis[down][y];
            }
        }
        for (int across = 0; across < DCTSIZE; across++) {
            const int place = DCTSIZE * down + across;
            block[place] = quantize(sums[across], table->quantval[place], place == 0);
        }
    }
}

/* The samples of one block of a component, which may have fewer than the picture. */
static void gather(const struct jpeg_caption *caption, uint32_t column, uint32_t row, uint32_t per_x, uint32_t per_y,
                   float samples[DCTSIZE][DCTSIZE]) {
    for (uint32_t y = 0; y < DCTSIZE; y++) {
        const uint8_t *from = caption->samples + (size_t)(row * DCTSIZE + y) * per_y * caption->width_px;
        for (uint32_t x = 0; x < DCTSIZE; x++) {
            samples[y][x] = (float)from[(column * DCTSIZE + x) * per_x] - 128;
        }
    }
}

/* Text is white on black: what is not brightness is neutral. */
static bool has_text(const struct jpeg_compress_struct *compressor, int component) {
    return component == 0 || compressor->jpeg_color_space == JCS_RGB;
}

static void write_component(const struct jpeg_caption *caption, const struct jpeg_compress_struct *compressor,
                            int index, j_common_ptr owner, jvirt_barray_ptr array) {
    const jpeg_component_info *component = &compressor->comp_info[index];
    const JQUANT_TBL *table = compressor->quant_tbl_ptrs[component->quant_tbl_no];
    const uint32_t across = (uint32_t)component->h_samp_factor, down = (uint32_t)component->v_samp_factor;
    const uint32_t max_across = (uint32_t)compressor->max_h_samp_factor;
    const uint32_t max_down = (uint32_t)compressor->max_v_samp_factor;
    const uint32_t columns = caption->width_px / (DCTSIZE * max_across) * across;
    const uint32_t rows = caption->height_px / (DCTSIZE * max_down) * down;
    for (uint32_t y = 0; y < rows && y < component->height_in_blocks; y++) {
        const JBLOCKROW blocks = owner->mem->access_virt_barray(owner, array, y, 1, TRUE)[0];
        for (uint32_t x = 0; x < columns && x < component->width_in_blocks; x++) {
            float samples[DCTSIZE][DCTSIZE];
            if (has_text(compressor, index)) {
                gather(caption, x, y, max_across / across, max_down / down, samples);
                transform(caption, samples, table, blocks[x]);
            } else {
                memset(blocks[x], 0, sizeof blocks[x]);
            }
        }
    }
}

enum err jpeg_caption_write(struct jpeg_caption *caption, int64_t captured_realtime_ns,
                            const struct jpeg_compress_struct *compressor, j_common_ptr owner,
                            const jvirt_barray_ptr arrays[]) {
    enum err error = draw(caption, captured_realtime_ns, compressor);
    for (int i = 0; error == ERR_OK && i < compressor->num_components; i++) {
        write_component(caption, compressor, i, owner, arrays[i]);
    }
    return error;
}
