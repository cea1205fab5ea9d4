#include "cameras/filter/jpeg_filter.h"

#include "cameras/filter/turn.h"
#include "tests/unit/cameras/picture/jpeg_fixture.h"

#include <math.h>

/* ---- Pictures of every sampling ---- */

struct shape {
    int across[3], down[3]; /* sampling factors */
    bool grey, progressive, rgb;
    int restart_rows;
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

/* Noise on bright colours, so that no block is like another and none is black. */
static struct picture make_shape(const struct shape *shape) {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct compressor = {.err = jpeg_std_error(&errors)};
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
    jpeg_set_quality(&compressor, 90, TRUE);
    compressor.restart_in_rows = shape->restart_rows;
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

static struct frame *admit(struct picture picture) {
    struct frame *frame = frame_of(span_of(&picture));
    struct reason reason = {""};
    assert_int_equal(jpeg_admit(frame, true, NULL, &reason), ERR_OK);
    frame_edit_info(frame)->sequence = 7;
    frame_edit_info(frame)->captured_realtime_ns = INT64_C(1767225612345678901); /* 2026-01-01T00:00:12.345Z */
    free(picture.bytes);
    return frame;
}

static struct frame *frame_of_shape(const struct shape *shape) { return admit(make_shape(shape)); }

/* ---- What is in them ---- */

struct pixels {
    uint32_t width, height;
    uint8_t *rgb;
};

/* As browsers do it, with interpolated colour. */
static struct pixels decode(const struct frame *frame) {
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

static const uint8_t *pixel(const struct pixels *pixels, uint32_t x, uint32_t y) {
    return pixels->rgb + ((size_t)y * pixels->width + x) * 3;
}

struct coded {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decompressor;
    jvirt_barray_ptr *arrays;
};

static void read_coded(const struct frame *frame, struct coded *coded) {
    *coded = (struct coded){.arrays = NULL};
    coded->decompressor.err = jpeg_std_error(&coded->errors);
    jpeg_create_decompress(&coded->decompressor);
    const struct span jpeg = frame_payload(frame);
    jpeg_mem_src(&coded->decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(&coded->decompressor, TRUE);
    coded->arrays = jpeg_read_coefficients(&coded->decompressor);
}

static const JCOEF *block(struct coded *coded, int component, JDIMENSION x, JDIMENSION y) {
    struct jpeg_decompress_struct *decompressor = &coded->decompressor;
    return decompressor->mem->access_virt_barray((j_common_ptr)decompressor, coded->arrays[component], y, 1,
                                                 FALSE)[0][x];
}

/* The pixels of a block: from, and behind it. */
struct box {
    double left, top, right, bottom;
};

static struct box box_of(const struct coded *coded, int component, JDIMENSION x, JDIMENSION y) {
    const jpeg_component_info *info = &coded->decompressor.comp_info[component];
    const double width = 8.0 * coded->decompressor.max_h_samp_factor / info->h_samp_factor;
    const double height = 8.0 * coded->decompressor.max_v_samp_factor / info->v_samp_factor;
    return (struct box){x * width, y * height, (x + 1) * width, (y + 1) * height};
}

/* How many blocks differ, none of which is away from the area by more than that. */
static unsigned count_changed(const struct frame *before, const struct frame *after, struct box area, double away_px) {
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

static struct frame *filtered(const struct picture_filter_settings *settings, struct frame *frame) {
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
static bool touches(const struct polygon *polygon, const struct pixels *pixels, uint32_t x, uint32_t y) {
    for (int i = 1; i < 20; i += 9) {
        for (int j = 1; j < 20; j += 9) {
            if (polygon_has(polygon, (x + i / 20.0) / pixels->width, (y + j / 20.0) / pixels->height)) {
                return true;
            }
        }
    }
    return false;
}

static unsigned assert_black_below(const struct frame *frame, const struct polygon *polygon) {
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

static void no_pixel_below_a_mask_shows_and_other_blocks_stay_bit_for_bit(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        for (size_t j = 0; j < 4; j++) {
            const struct picture_filter_settings settings = {.masks = &polygons[j], .mask_count = 1};
            struct frame *plain = frame_of_shape(&shapes[i]);
            struct frame *masked = filtered(&settings, frame_ref(plain));
            assert_true(assert_black_below(masked, &polygons[j]) > 10);
            struct box area = {INFINITY, INFINITY, 0, 0};
            for (size_t k = 0; k < polygons[j].count; k++) {
                area.left = fmin(area.left, polygons[j].points[k].x * shapes[i].width);
                area.right = fmax(area.right, polygons[j].points[k].x * shapes[i].width);
                area.top = fmin(area.top, polygons[j].points[k].y * shapes[i].height);
                area.bottom = fmax(area.bottom, polygons[j].points[k].y * shapes[i].height);
            }
            /* One unit of blocks, or what interpolated colour reaches. */
            assert_true(count_changed(plain, masked, area, 18) > 0);
            frame_unref(&masked);
            frame_unref(&plain);
        }
    }
}

static void missing_huffman_tables_make_no_difference(void **state) {
    (void)state;
    struct picture whole = make_shape(&shapes[1]);
    const struct picture_filter_settings settings = {.masks = polygons, .mask_count = 1};
    struct frame *bare = filtered(&settings, admit(without_huffman_tables(&whole)));
    struct frame *same = filtered(&settings, admit(whole));
    assert_int_equal(frame_payload(bare).count, frame_payload(same).count);
    assert_memory_equal(frame_payload(bare).bytes, frame_payload(same).bytes, frame_payload(bare).count);
    frame_unref(&bare);
    frame_unref(&same);
}

static void mask_follows_a_change_of_size(void **state) {
    (void)state;
    const struct picture_filter_settings settings = {.masks = polygons, .mask_count = 1};
    struct jpeg_filter *filter;
    assert_int_equal(jpeg_filter_create(pool, &settings, 80, "", &filter), ERR_OK);
    for (size_t i = 0; i < 2 * SHAPE_COUNT; i++) {
        struct frame *frame = frame_of_shape(&shapes[i % SHAPE_COUNT]);
        assert_int_equal(jpeg_filter_apply(filter, &frame, NULL, NULL), ERR_OK);
        assert_black_below(frame, &polygons[0]);
        frame_unref(&frame);
    }
    jpeg_filter_destroy(&filter);
}

static void thumbnail_and_other_metadata_are_removed(void **state) {
    (void)state;
    struct picture plain = make_shape(&shapes[0]);
    struct picture turned = with_orientation(&plain, 1);
    struct frame *frame =
        filtered(&(struct picture_filter_settings){.masks = polygons, .mask_count = 1}, admit(turned));
    const struct span jpeg = frame_payload(frame);
    for (size_t i = 0; i + 4 <= jpeg.count; i++) {
        assert_int_not_equal(memcmp(jpeg.bytes + i, "Exif", 4), 0);
    }
    frame_unref(&frame);
    free(plain.bytes);
}

/* ---- Turning ---- */

/* Where in the picture before the turn a pixel was. */
static const uint8_t *origin(const struct pixels *before, struct turn turn, uint32_t width, uint32_t height, uint32_t x,
                             uint32_t y) {
    const uint32_t across = turn.mirror_x ? width - 1 - x : x, down = turn.mirror_y ? height - 1 - y : y;
    return turn.transpose ? pixel(before, down, across) : pixel(before, across, down);
}

static void assert_turned(const struct frame *before, const struct frame *after, struct turn turn, uint32_t unit_x,
                          uint32_t unit_y, int tolerance) {
    struct pixels first = decode(before), second = decode(after);
    uint32_t width = turn.transpose ? first.height : first.width, height = turn.transpose ? first.width : first.height;
    width -= turn.mirror_x ? width % unit_x : 0;
    height -= turn.mirror_y ? height % unit_y : 0;
    assert_int_equal(second.width, width);
    assert_int_equal(second.height, height);
    /* Interpolated colour takes in what is cut off. */
    for (uint32_t y = 2; y < height - 2; y++) {
        for (uint32_t x = 2; x < width - 2; x++) {
            const uint8_t *expected = origin(&first, turn, width, height, x, y), *got = pixel(&second, x, y);
            for (int i = 0; i < 3; i++) {
                assert_in_range(abs(expected[i] - got[i]), 0, tolerance);
            }
        }
    }
    free(first.rgb);
    free(second.rgb);
}

static const struct picture_filter_settings turns[] = {
    {.turn_degrees = 90},
    {.turn_degrees = 180},
    {.turn_degrees = 270},
    {.flip = FLIP_HORIZONTAL},
    {.flip = FLIP_VERTICAL},
    {.turn_degrees = 90, .flip = FLIP_HORIZONTAL},
    {.turn_degrees = 90, .flip = FLIP_VERTICAL},
};
#define TURN_COUNT (sizeof turns / sizeof turns[0])

static void each_turn_puts_every_pixel_in_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        int max_across = 1, max_down = 1;
        for (int j = 0; j < 3 && !shapes[i].grey; j++) {
            max_across = shapes[i].across[j] > max_across ? shapes[i].across[j] : max_across;
            max_down = shapes[i].down[j] > max_down ? shapes[i].down[j] : max_down;
        }
        for (size_t j = 0; j < TURN_COUNT; j++) {
            const struct turn turn = turn_from_settings(&turns[j]);
            struct frame *plain = frame_of_shape(&shapes[i]);
            struct frame *turned = filtered(&turns[j], frame_ref(plain));
            const uint32_t across = 8 * (uint32_t)max_across, down = 8 * (uint32_t)max_down;
            /* Decoders round, and interpolate colour in one of two ways, by the direction. */
            assert_turned(plain, turned, turn, turn.transpose ? down : across, turn.transpose ? across : down,
                          max_across == 1 && max_down == 1 ? 4 : 40);
            frame_unref(&turned);
            frame_unref(&plain);
        }
    }
}

static void four_quarter_turns_give_the_same_blocks(void **state) {
    (void)state;
    struct frame *plain = frame_of_shape(&shapes[0]), *turned = frame_ref(plain);
    for (int i = 0; i < 4; i++) {
        turned = filtered(&turns[0], turned);
    }
    assert_int_equal(count_changed(plain, turned, (struct box){0}, 0), 0);
    frame_unref(&turned);
    turned = filtered(&turns[5], filtered(&turns[5], frame_ref(plain)));
    assert_int_equal(count_changed(plain, turned, (struct box){0}, 0), 0);
    frame_unref(&turned);
    frame_unref(&plain);
}

static void orientation_is_done_once_and_before_the_rest(void **state) {
    (void)state;
    static const struct turn shown[] = {[1] = {0},       [2] = {0, 1, 0}, [3] = {0, 1, 1}, [4] = {0, 0, 1},
                                        [5] = {1, 0, 0}, [6] = {1, 1, 0}, [7] = {1, 1, 1}, [8] = {1, 0, 1}};
    struct picture plain = make_shape(&shapes[0]);
    struct frame *stored = admit(join(plain.bytes, plain.count, NULL, 0));
    for (uint8_t orientation = 1; orientation <= 8; orientation++) {
        /* Twice mirrored, and so only shown upright. */
        struct picture_filter_settings settings = {.masks = polygons, .mask_count = 1};
        struct frame *upright = filtered(&settings, admit(with_orientation(&plain, orientation)));
        assert_black_below(upright, &polygons[0]);
        frame_unref(&upright);
        settings = (struct picture_filter_settings){.turn_degrees = 90};
        struct frame *turned = filtered(&settings, admit(with_orientation(&plain, orientation)));
        const struct turn both = turn_compose(shown[orientation], turn_from_settings(&settings));
        assert_turned(stored, turned, both, 16, 16, 40);
        frame_unref(&turned);
    }
    frame_unref(&stored);
    free(plain.bytes);
}

static void fast_mode_keeps_every_row(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        struct picture_filter_settings settings = turns[i % TURN_COUNT];
        settings.rotate_mode = ROTATE_FAST;
        settings.masks = polygons;
        settings.mask_count = 1;
        struct frame *turned = filtered(&settings, frame_of_shape(&shapes[i]));
        const bool on_its_side = settings.turn_degrees % 180 != 0;
        if (!shapes[i].rgb) { /* that is not decoded to planes */
            assert_int_equal(frame_info(turned)->width_px, on_its_side ? shapes[i].height : shapes[i].width);
            assert_int_equal(frame_info(turned)->height_px, on_its_side ? shapes[i].width : shapes[i].height);
        }
        assert_black_below(turned, &polygons[0]);
        frame_unref(&turned);
    }
}

static void picture_smaller_than_a_unit_is_turned_in_fast_mode_only(void **state) {
    (void)state;
    const struct shape small = {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 12, .height = 12};
    struct picture_filter_settings settings = {.turn_degrees = 180};
    struct frame *frame = frame_of_shape(&small), *before = frame;
    struct jpeg_filter *filter;
    struct reason reason = {""};
    assert_int_equal(jpeg_filter_create(pool, &settings, 80, "", &filter), ERR_OK);
    assert_int_equal(jpeg_filter_apply(filter, &frame, NULL, &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, "too small"));
    assert_ptr_equal(frame, before);
    jpeg_filter_destroy(&filter);
    settings.rotate_mode = ROTATE_FAST;
    frame = filtered(&settings, frame);
    assert_int_equal(frame_info(frame)->width_px, 12);
    frame_unref(&frame);
}

/* ---- Captions ---- */

static void caption_changes_only_the_blocks_below_it(void **state) {
    (void)state;
    static const char *const formats[] = {NULL, "{name} %Y"};
    for (size_t i = 0; i < 2 * SHAPE_COUNT; i++) {
        const struct picture_filter_settings settings = {.caption = {.is_shown = true, .format = formats[i % 2]}};
        struct frame *plain = frame_of_shape(&shapes[i / 2]);
        struct frame *written = filtered(&settings, frame_ref(plain));
        assert_true(count_changed(plain, written, (struct box){0, 0, i % 2 == 0 ? 500 : 120, 16}, 16) > 0);
        struct pixels pixels = decode(written);
        unsigned bright = 0, dark = 0;
        for (uint32_t y = 0; y < 12; y++) {
            for (uint32_t x = 0; x < 80; x++) {
                const uint8_t *rgb = pixel(&pixels, x, y);
                bright += rgb[0] > 200 && rgb[1] > 200 && rgb[2] > 200;
                dark += rgb[0] < 50 && rgb[1] < 50 && rgb[2] < 50;
            }
        }
        assert_true(bright > 30 && dark > 200);
        free(pixels.rgb);
        frame_unref(&written);
        frame_unref(&plain);
    }
}

/* ---- Hostile pictures ---- */

static bool is_stopped(void *user) {
    (void)user;
    return true;
}

static void work_ends_at_its_limit(void **state) {
    (void)state;
    const struct work_limit limits[] = {{.cpu_deadline_ns = INT64_MAX, .is_stopped = is_stopped},
                                        {.cpu_deadline_ns = 1}};
    static const enum err expected[] = {ERR_INTERRUPTED, ERR_TIMEOUT};
    for (size_t i = 0; i < 2; i++) {
        for (int mode = ROTATE_LOSSLESS; mode <= ROTATE_FAST; mode++) {
            const struct picture_filter_settings settings = {
                .turn_degrees = 90, .rotate_mode = (enum rotate_mode)mode, .masks = polygons, .mask_count = 1};
            struct jpeg_filter *filter;
            assert_int_equal(jpeg_filter_create(pool, &settings, 80, "", &filter), ERR_OK);
            struct frame *frame = frame_of_shape(&shapes[3]);
            assert_int_equal(jpeg_filter_apply(filter, &frame, &limits[i], NULL), expected[i]);
            assert_int_equal(jpeg_filter_apply(filter, &frame, NULL, NULL), ERR_OK); /* it can go on */
            assert_black_below(frame, &polygons[0]);
            frame_unref(&frame);
            jpeg_filter_destroy(&filter);
        }
    }
}

static void damaged_picture_is_refused_and_stays_as_it_was(void **state) {
    (void)state;
    const struct picture_filter_settings settings = {.masks = polygons, .mask_count = 1};
    struct jpeg_filter *filter;
    assert_int_equal(jpeg_filter_create(pool, &settings, 80, "", &filter), ERR_OK);
    struct picture picture = make_shape(&shapes[1]);
    /* As when packets are lost. */
    struct picture damaged = cut_out(&picture, picture.count / 2, picture.count * 3 / 4);
    struct frame *frame = frame_of(span_of(&damaged)), *before = frame;
    struct reason reason = {""};
    assert_int_equal(jpeg_admit(frame, false, NULL, &reason), ERR_OK);
    assert_int_equal(jpeg_filter_apply(filter, &frame, NULL, &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, "cannot be"));
    assert_ptr_equal(frame, before);
    frame_unref(&frame);
    free(picture.bytes);
    free(damaged.bytes);
    frame = frame_of_shape(&shapes[1]);
    assert_int_equal(jpeg_filter_apply(filter, &frame, NULL, NULL), ERR_OK);
    frame_unref(&frame);
    jpeg_filter_destroy(&filter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_pixel_below_a_mask_shows_and_other_blocks_stay_bit_for_bit),
        cmocka_unit_test(missing_huffman_tables_make_no_difference),
        cmocka_unit_test(mask_follows_a_change_of_size),
        cmocka_unit_test(thumbnail_and_other_metadata_are_removed),
        cmocka_unit_test(each_turn_puts_every_pixel_in_its_place),
        cmocka_unit_test(four_quarter_turns_give_the_same_blocks),
        cmocka_unit_test(orientation_is_done_once_and_before_the_rest),
        cmocka_unit_test(fast_mode_keeps_every_row),
        cmocka_unit_test(picture_smaller_than_a_unit_is_turned_in_fast_mode_only),
        cmocka_unit_test(caption_changes_only_the_blocks_below_it),
        cmocka_unit_test(work_ends_at_its_limit),
        cmocka_unit_test(damaged_picture_is_refused_and_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
