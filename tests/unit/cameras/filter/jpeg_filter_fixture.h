/* JPEG pictures of every sampling, what a filter makes of them, and what is in them: blocks, pixels and masks. */
#ifndef TESTS_JPEG_FILTER_FIXTURE_H
#define TESTS_JPEG_FILTER_FIXTURE_H

#include "cameras/filter/jpeg_filter.h"
#include "tests/unit/cameras/picture/jpeg_fixture.h"

/* ---- Pictures of every sampling ---- */

struct shape {
    int across[3], down[3]; /* sampling factors */
    bool grey, progressive, rgb;
    bool optimized; /* it has the Huffman codes alone that it uses */
    bool adobe;     /* its colours are stated by Adobe's marker, not by JFIF's */
    int restart_rows;
    unsigned restart_units;
    int quality; /* 0: 90 */
    uint32_t width, height;
};

static const struct shape shapes[] = {
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 320, .height = 192},
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 203, .height = 117},
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 203, .height = 117, .restart_rows = 1},
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 203, .height = 117, .progressive = true},
    {.across = {2, 1, 1}, .down = {1, 1, 1}, .width = 203, .height = 117},
    {.across = {1, 1, 1}, .down = {2, 1, 1}, .width = 99, .height = 77},
    {.across = {1, 1, 1}, .down = {1, 1, 1}, .width = 203, .height = 117},
    {.across = {1, 1, 1}, .down = {1, 1, 1}, .width = 96, .height = 64, .progressive = true, .restart_rows = 1},
    {.across = {4, 1, 1}, .down = {1, 1, 1}, .width = 203, .height = 117},
    {.across = {2, 1, 2}, .down = {2, 2, 1}, .width = 150, .height = 90},
    {.across = {1, 2, 2}, .down = {1, 1, 1}, .width = 150, .height = 90},
    {.across = {1, 1, 1}, .down = {1, 1, 1}, .width = 90, .height = 70, .rgb = true},
    {.across = {1}, .down = {1}, .grey = true, .width = 203, .height = 117},
    {.across = {2}, .down = {2}, .grey = true, .width = 203, .height = 117, .restart_rows = 1},
};
#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

static inline void print_nothing(j_common_ptr object, int level) {
    (void)object;
    (void)level;
}

/* Noise on bright colours, so that no block is like another and none is black. */
static inline struct picture make_shape(const struct shape *shape) {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct compressor = {.err = jpeg_std_error(&errors)};
    errors.emit_message = print_nothing; /* such as that steps are coarse */
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    jpeg_create_compress(&compressor);
    jpeg_mem_dest(&compressor, &bytes, &count);
    compressor.image_width = shape->width;
    compressor.image_height = shape->height;
    compressor.input_components = shape->grey ? 1 : 3;
    compressor.in_color_space = shape->grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&compressor);
    if (shape->rgb) {
        jpeg_set_colorspace(&compressor, JCS_RGB);
    }
    for (int i = 0; i < compressor.num_components; i++) {
        compressor.comp_info[i].h_samp_factor = shape->across[i];
        compressor.comp_info[i].v_samp_factor = shape->down[i];
    }
    /* The lowest qualities take steps of 16 bits. */
    jpeg_set_quality(&compressor, shape->quality != 0 ? shape->quality : 90, FALSE);
    compressor.restart_in_rows = shape->restart_rows;
    compressor.restart_interval = shape->restart_units;
    compressor.optimize_coding = shape->optimized;
    if (shape->adobe) {
        compressor.write_JFIF_header = FALSE;
        compressor.write_Adobe_marker = TRUE;
    } else if (shape->quality != 0) {
        compressor.density_unit = 1;
        compressor.X_density = 72;
        compressor.Y_density = 300;
    }
    if (shape->progressive) {
        jpeg_simple_progression(&compressor);
    }
    jpeg_start_compress(&compressor, TRUE);
    uint32_t seed = 5;
    uint8_t *row = malloc((size_t)shape->width * 3);
    while (compressor.next_scanline < compressor.image_height) {
        for (uint32_t x = 0; x < shape->width; x++) {
            const size_t channels = shape->grey ? 1 : 3;
            for (size_t i = 0; i < channels; i++) {
                const uint32_t slope = i == 0 ? x : i == 1 ? compressor.next_scanline : 0;
                row[channels * x + i] = (uint8_t)(90 + slope % 120 + next_random(&seed) % 40);
            }
        }
        JSAMPROW rows[] = {row};
        jpeg_write_scanlines(&compressor, rows, 1);
    }
    free(row);
    jpeg_finish_compress(&compressor);
    jpeg_destroy_compress(&compressor);
    struct picture picture = join(bytes, count, NULL, 0);
    free(bytes);
    return picture;
}

static inline struct frame *admit(struct picture picture) {
    struct frame *frame = frame_of(span_of(&picture));
    struct reason reason = {""};
    assert_int_equal(jpeg_admit(frame, true, NULL, &reason), ERR_OK);
    frame_edit_info(frame)->sequence = 7;
    frame_edit_info(frame)->captured_realtime_ns = INT64_C(1767225612345678901); /* 2026-01-01T00:00:12.345Z */
    free(picture.bytes);
    return frame;
}

static inline struct frame *frame_of_shape(const struct shape *shape) { return admit(make_shape(shape)); }

/* ---- What is in them ---- */

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

struct coded {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decompressor;
    jvirt_barray_ptr *arrays;
};

static inline void read_coded(const struct frame *frame, struct coded *coded) {
    *coded = (struct coded){.arrays = NULL};
    coded->decompressor.err = jpeg_std_error(&coded->errors);
    jpeg_create_decompress(&coded->decompressor);
    const struct span jpeg = frame_payload(frame);
    jpeg_mem_src(&coded->decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(&coded->decompressor, TRUE);
    coded->arrays = jpeg_read_coefficients(&coded->decompressor);
}

static inline const JCOEF *block(struct coded *coded, int component, JDIMENSION x, JDIMENSION y) {
    struct jpeg_decompress_struct *decompressor = &coded->decompressor;
    return decompressor->mem->access_virt_barray((j_common_ptr)decompressor, coded->arrays[component], y, 1,
                                                 FALSE)[0][x];
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
