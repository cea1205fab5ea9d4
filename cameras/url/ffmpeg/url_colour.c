#include "cameras/url/ffmpeg/url_colour.h"

#define SHIFT 12
#define ONE (1 << SHIFT)
#define ROUND (1 << (SHIFT - 1))
#define BLOCK_PX 256

static const struct luma_weights bt601 = {0.299, 0.114};

/* In 1/4096. Y takes part of the chroma. */
struct conversion {
    int y_of_cb, y_of_cr, cb_of_cb, cb_of_cr, cr_of_cb, cr_of_cr;
};

static int to_fixed(double value) { return (int)(value * ONE + (value < 0 ? -0.5 : 0.5)); }

/* The product of the matrix from Y'CbCr to RGB by these weights and of the one from RGB to BT.601. */
static struct conversion derive_conversion(const struct luma_weights *from, bool is_limited_range) {
    const struct luma_weights *to = &bt601;
    /* B - Y for each Cb, R - Y for each Cr, and what follows for Y: of G by the weights. */
    const double blue = 2 * (1 - from->blue), red = 2 * (1 - from->red);
    const double green = (1 - to->red - to->blue) / (1 - from->red - from->blue);
    const double y_of_cb = blue * (to->blue - green * from->blue), y_of_cr = red * (to->red - green * from->red);
    const double cb_scale = 2 * (1 - to->blue), cr_scale = 2 * (1 - to->red);
    /* The limited range has 219 levels of luma and 224 of chroma. */
    const double luma_scale = is_limited_range ? 219.0 / 224 : 1;
    return (struct conversion){
        .y_of_cb = to_fixed(y_of_cb * luma_scale),
        .y_of_cr = to_fixed(y_of_cr * luma_scale),
        .cb_of_cb = to_fixed((blue - y_of_cb) / cb_scale),
        .cb_of_cr = to_fixed(-y_of_cr / cb_scale),
        .cr_of_cb = to_fixed(-y_of_cb / cr_scale),
        .cr_of_cr = to_fixed((red - y_of_cr) / cr_scale),
    };
}

static uint8_t clip(int value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/* `count` samples of chroma that stand `step` apart, and for each the shift of the two samples of luma beside it. */
static inline void convert_chroma(struct conversion by, uint8_t *restrict cb, uint8_t *restrict cr, size_t step,
                                  size_t count, int16_t *restrict shifts) {
    for (size_t i = 0; i < count; i++) {
        const int blue = cb[i * step] - 128, red = cr[i * step] - 128;
        const int16_t shift = (int16_t)((by.y_of_cb * blue + by.y_of_cr * red + ROUND) >> SHIFT);
        shifts[2 * i] = shift;
        shifts[2 * i + 1] = shift;
        cb[i * step] = clip(128 + ((by.cb_of_cb * blue + by.cb_of_cr * red + ROUND) >> SHIFT));
        cr[i * step] = clip(128 + ((by.cr_of_cb * blue + by.cr_of_cr * red + ROUND) >> SHIFT));
    }
}

static void shift_luma(uint8_t *restrict luma, const int16_t *restrict shifts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        luma[i] = clip(luma[i] + shifts[i]);
    }
}

/* A row of chroma and the one or two rows of luma that it belongs to, in blocks that stay in the cache. */
static void convert_rows(const struct conversion *by, uint8_t *luma[2], unsigned luma_rows, uint8_t *cb, uint8_t *cr,
                         bool is_interleaved, size_t width_px) {
    int16_t shifts[BLOCK_PX] = {0};
    for (size_t x = 0; x < width_px; x += BLOCK_PX) {
        const size_t count = width_px - x < BLOCK_PX ? width_px - x : BLOCK_PX, chroma_count = (count + 1) / 2;
        /* A constant step in each call: the loop becomes vector code. */
        if (is_interleaved) {
            convert_chroma(*by, cb + x, cr + x, 2, chroma_count, shifts);
        } else {
            convert_chroma(*by, cb + x / 2, cr + x / 2, 1, chroma_count, shifts);
        }
        for (unsigned row = 0; row < luma_rows; row++) {
            shift_luma(luma[row] + x, shifts, count);
        }
    }
}

void url_colour_to_bt601(uint8_t *samples, const struct frame_info *info, const struct luma_weights *weights) {
    if (info->format != FRAME_I420 && info->format != FRAME_NV12) {
        return;
    }
    const struct conversion conversion = derive_conversion(weights, info->limited_range);
    const uint32_t width_px = info->width_px, height_px = info->height_px;
    const size_t chroma_width = width_px / 2 + width_px % 2, chroma_height = height_px / 2 + height_px % 2;
    const bool is_interleaved = info->format == FRAME_NV12;
    const size_t step = is_interleaved ? 2 : 1;
    uint8_t *cb = samples + (size_t)width_px * height_px;
    uint8_t *cr = cb + (is_interleaved ? 1 : chroma_width * chroma_height);
    for (uint32_t y = 0; y < height_px; y += 2) {
        uint8_t *luma[2] = {samples + (size_t)y * width_px, samples + (size_t)(y + 1) * width_px};
        convert_rows(&conversion, luma, y + 1 < height_px ? 2 : 1, cb, cr, is_interleaved, width_px);
        cb += chroma_width * step;
        cr += chroma_width * step;
    }
}
