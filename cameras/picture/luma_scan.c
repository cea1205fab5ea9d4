#include "cameras/picture/luma_scan.h"

#define LUMA 0 /* the first component: of grey pictures the only one */

struct means {
    struct jpeg_scan *scan;
    uint8_t *samples;
    uint32_t width, height;
    int step; /* of the quantization table, for DC */
};

/* T.81, A.3.3 and A.3.1: without the other coefficients, all samples of a block are DC / 8, and 128. */
static uint8_t mean_of(int dc, int step) {
    const int mean = (dc * step + 128 * DCTSIZE + DCTSIZE / 2) / DCTSIZE;
    return (uint8_t)(mean < 0 ? 0 : mean > 255 ? 255 : mean);
}

static enum err take_unit(void *user, uint32_t column, uint32_t row) {
    const struct means *means = user;
    struct jpeg_scan *scan = means->scan;
    struct scan_block block;
    enum err error = ERR_OK;
    for (int i = 0; i < scan->component_count; i++) {
        const struct scan_component *component = &scan->components[i];
        for (uint32_t j = 0; j < component->across * component->down && error == ERR_OK; j++) {
            error = jpeg_scan_pass_block(scan, i, &block);
            const uint32_t x = column * component->across + j % component->across;
            const uint32_t y = row * component->down + j / component->across;
            if (i == LUMA && x < means->width && y < means->height) { /* edge units are padded */
                means->samples[(size_t)y * means->width + x] = mean_of(component->dc_value, means->step);
            }
        }
    }
    return error;
}

/* Subsampled luma has fewer blocks than the picture has eighths. */
static bool has_full_luma(const struct jpeg_decompress_struct *picture) {
    const jpeg_component_info *luma = &picture->comp_info[LUMA];
    return picture->num_components == 1 ||
           (luma->h_samp_factor == picture->max_h_samp_factor && luma->v_samp_factor == picture->max_v_samp_factor);
}

enum err luma_scan_read(struct jpeg_scan *scan, const struct jpeg_decompress_struct *picture,
                        const struct work_limit *limit, uint8_t *samples) {
    enum err error = has_full_luma(picture) ? jpeg_scan_begin(scan, picture) : ERR_UNSUPPORTED;
    if (error != ERR_OK) {
        return error;
    }
    struct means means = {.scan = scan,
                          .samples = samples,
                          .width = (picture->image_width + DCTSIZE - 1) / DCTSIZE,
                          .height = (picture->image_height + DCTSIZE - 1) / DCTSIZE,
                          .step = picture->quant_tbl_ptrs[picture->comp_info[LUMA].quant_tbl_no]->quantval[0]};
    const struct scan_visitor visitor = {.user = &means, .take_unit = take_unit};
    return jpeg_scan_walk(scan, limit, &visitor);
}
