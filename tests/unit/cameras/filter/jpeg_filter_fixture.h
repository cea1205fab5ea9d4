/* What a filter makes of JPEG pictures, and what is in them: blocks, pixels and masks. */
#ifndef TESTS_JPEG_FILTER_FIXTURE_H
#define TESTS_JPEG_FILTER_FIXTURE_H

#include "cameras/filter/jpeg_filter.h"
#include "tests/unit/cameras/picture/jpeg_shapes.h"

/* ---- Pixels and blocks ---- */

struct pixels {
    uint32_t width, height;
    uint8_t *rgb;
};

/* As browsers do it, with interpolated colour. */
static inline struct pixels decode(const struct frame *frame) {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decompressor = {.err = jpeg_std_error(&errors)};
    jpeg_create_decompress(&decompressor);
    const struct span jpeg = frame_payload(frame);
    jpeg_mem_src(&decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(&decompressor, TRUE);
    decompressor.out_color_space = JCS_RGB;
    jpeg_start_decompress(&decompressor);
    struct pixels pixels = {decompressor.output_width, decompressor.output_height,
                            malloc((size_t)decompressor.output_width * decompressor.output_height * 3)};
    while (decompressor.output_scanline < decompressor.output_height) {
        JSAMPROW row = pixels.rgb + (size_t)decompressor.output_scanline * pixels.width * 3;
        jpeg_read_scanlines(&decompressor, &row, 1);
    }
    jpeg_finish_decompress(&decompressor);
    assert_int_equal(errors.num_warnings, 0);
    jpeg_destroy_decompress(&decompressor);
    assert_int_equal(frame_info(frame)->width_px, pixels.width);
    assert_int_equal(frame_info(frame)->height_px, pixels.height);
    assert_int_equal(frame_info(frame)->format, FRAME_JPEG);
    return pixels;
}

static inline const uint8_t *pixel(const struct pixels *pixels, uint32_t x, uint32_t y) {
    return pixels->rgb + ((size_t)y * pixels->width + x) * 3;
}

/* The pixels of a block: from, and behind it. */
struct box {
    double left, top, right, bottom;
};

static inline struct box box_of(const struct coded *coded, int component, JDIMENSION x, JDIMENSION y) {
    const jpeg_component_info *info = &coded->decompressor.comp_info[component];
    const double width = 8.0 * coded->decompressor.max_h_samp_factor / info->h_samp_factor;
    const double height = 8.0 * coded->decompressor.max_v_samp_factor / info->v_samp_factor;
    return (struct box){x * width, y * height, (x + 1) * width, (y + 1) * height};
}

/* How many blocks differ, none of which is away from the area by more than that. */
static inline unsigned count_changed(const struct frame *before, const struct frame *after, struct box area,
                                     double away_px) {
    struct coded first, second;
    read_coded(before, &first);
    read_coded(after, &second);
    unsigned changed = 0;
    assert_int_equal(first.decompressor.image_width, second.decompressor.image_width);
    assert_int_equal(first.decompressor.image_height, second.decompressor.image_height);
    for (int i = 0; i < first.decompressor.num_components; i++) {
        const jpeg_component_info *info = &first.decompressor.comp_info[i];
        const JQUANT_TBL *one = info->quant_table, *other = second.decompressor.comp_info[i].quant_table;
        assert_memory_equal(one->quantval, other->quantval, sizeof one->quantval);
        for (JDIMENSION y = 0; y < info->height_in_blocks; y++) {
            for (JDIMENSION x = 0; x < info->width_in_blocks; x++) {
                if (memcmp(block(&first, i, x, y), block(&second, i, x, y), sizeof(JBLOCK)) == 0) {
                    continue;
                }
                changed++;
                const struct box box = box_of(&first, i, x, y);
                assert_true(box.right > area.left - away_px && box.left < area.right + away_px &&
                            box.bottom > area.top - away_px && box.top < area.bottom + away_px);
            }
        }
    }
    jpeg_destroy_decompress(&first.decompressor);
    jpeg_destroy_decompress(&second.decompressor);
    return changed;
}

static inline struct frame *filtered(const struct picture_filter_settings *settings, struct frame *frame) {
    struct jpeg_filter *filter;
    struct reason reason = {""};
    assert_int_equal(jpeg_filter_create(pool, settings, 80, "Front door", &filter), ERR_OK);
    if (jpeg_filter_apply(filter, &frame, NULL, &reason) != ERR_OK) {
        fail_msg("%s", reason.text);
    }
    jpeg_filter_destroy(&filter);
    assert_int_equal(frame_info(frame)->sequence, 7);
    assert_int_equal(frame_info(frame)->orientation, 0);
    const struct span jpeg = frame_payload(frame);
    struct jpeg_layout layout;
    assert_int_equal(jpeg_inspect(jpeg.bytes, jpeg.count, &layout, &reason), ERR_OK);
    assert_int_equal(layout.orientation, 0);
    return frame;
}

/* ---- Masks ---- */

static const struct polygon_point corner[] = {{0.6, 0}, {1, 0}, {1, 0.4}, {0.6, 0.4}};
static const struct polygon_point middle[] = {{0.5, 0.25}, {0.75, 0.5}, {0.5, 0.75}, {0.25, 0.5}};
static const struct polygon_point triangle[] = {{0.1, 0.9}, {0.4, 0.55}, {0.45, 1}};
static const struct polygon_point sliver[] = {{0.01, 0.02}, {0.9, 0.93}, {0.9, 0.94}};
static const struct polygon polygons[] = {{corner, 4}, {middle, 4}, {triangle, 3}, {sliver, 3}};

/* Every pixel that the polygon touches, however little. */
static inline bool touches(const struct polygon *polygon, const struct pixels *pixels, uint32_t x, uint32_t y) {
    for (int i = 1; i < 20; i += 9) {
        for (int j = 1; j < 20; j += 9) {
            if (polygon_has(polygon, (x + i / 20.0) / pixels->width, (y + j / 20.0) / pixels->height)) {
                return true;
            }
        }
    }
    return false;
}

static inline unsigned assert_black_below(const struct frame *frame, const struct polygon *polygon) {
    struct pixels pixels = decode(frame);
    unsigned masked = 0;
    for (uint32_t y = 0; y < pixels.height; y++) {
        for (uint32_t x = 0; x < pixels.width; x++) {
            if (touches(polygon, &pixels, x, y)) {
                static const uint8_t black[3] = {0, 0, 0};
                assert_memory_equal(pixel(&pixels, x, y), black, 3);
                masked++;
            }
        }
    }
    free(pixels.rgb);
    return masked;
}

#endif
