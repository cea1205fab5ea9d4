#include "cameras/picture/encoder.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/jpeg_decode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

static struct frame_pool *pool;

static const enum frame_format formats[] = {FRAME_I420, FRAME_NV12, FRAME_YUYV, FRAME_YVYU, FRAME_UYVY, FRAME_GREY};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

static const struct {
    uint32_t width, height;
} sizes[] = {{16, 16}, {17, 13}, {1, 1}, {2, 33}, {33, 2}, {48, 40}, {64, 48}, {103, 61}, {320, 180}};
#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])

/* A picture of slow waves, so that what JPEG and 4:2:0 lose is little. component: 0 Y, 1 Cb, 2 Cr. */
static uint8_t ideal(unsigned component, uint32_t x, uint32_t y) {
    static const double across[] = {0.05, 0.02, -0.015}, down[] = {0.03, -0.01, 0.02};
    return (uint8_t)lrint(128 + 90 * sin(across[component] * x + down[component] * y + component));
}

/* Chroma of a 4:2:0 sample: from the middle of its four pixels. */
static uint8_t ideal_chroma(unsigned component, uint32_t x, uint32_t y) { return ideal(component, 2 * x, 2 * y); }

static uint32_t half(uint32_t count) { return (count + 1) / 2; }

/* The ideal picture with extra_px of rubbish behind each row. */
static struct frame *make_raw(enum frame_format format, uint32_t width, uint32_t height, uint32_t extra_px) {
    const bool packed = format == FRAME_YUYV || format == FRAME_YVYU || format == FRAME_UYVY;
    const uint32_t stride = (packed ? 2 * half(width) : width) + extra_px;
    const size_t luma = (size_t)stride * height, chroma = (size_t)half(stride) * half(height);
    const size_t size = packed ? 2 * luma : format == FRAME_GREY ? luma : luma + 2 * chroma;
    struct frame *frame;
    assert_int_equal(frame_create(pool, size, &frame), ERR_OK);
    frame_set_size(frame, size);
    uint8_t *data = frame_data(frame);
    memset(data, 0xA5, size);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            data[packed ? 2 * ((size_t)stride * y + x) + (format == FRAME_UYVY) : (size_t)stride * y + x] =
                ideal(0, x, y);
        }
        for (uint32_t x = 0; packed && x < half(width); x++) {
            uint8_t *group = data + 2 * ((size_t)stride * y + 2 * x);
            group[format == FRAME_YUYV ? 1 : format == FRAME_YVYU ? 3 : 0] = ideal(1, 2 * x, y);
            group[format == FRAME_YUYV ? 3 : format == FRAME_YVYU ? 1 : 2] = ideal(2, 2 * x, y);
        }
    }
    for (uint32_t y = 0; y < half(height) && !packed && format != FRAME_GREY; y++) {
        for (uint32_t x = 0; x < half(width); x++) {
            const size_t at = (size_t)half(stride) * y + x;
            data[luma + (format == FRAME_NV12 ? 2 * at : at)] = ideal_chroma(1, x, y);
            data[luma + (format == FRAME_NV12 ? 2 * at + 1 : chroma + at)] = ideal_chroma(2, x, y);
        }
    }
    *frame_edit_info(frame) = (struct frame_info){.sequence = 42,
                                                  .captured_realtime_ns = 1000,
                                                  .captured_monotonic_ns = 2000,
                                                  .width_px = width,
                                                  .height_px = height,
                                                  .stride_px = extra_px != 0 ? stride : 0,
                                                  .format = format,
                                                  .state = STATE_STALE};
    return frame;
}

static struct encoder *make_encoder(int quality) {
    struct encoder *encoder;
    assert_int_equal(encoder_create(pool, quality, SUBSAMPLING_420, &encoder), ERR_OK);
    return encoder;
}

/* Encodes and drops raw. */
static struct frame *encode(struct encoder *encoder, struct frame *raw) {
    struct frame *jpeg = NULL;
    struct reason reason = {""};
    const enum err error = encoder_encode(encoder, raw, NULL, &jpeg, &reason);
    if (error != ERR_OK) {
        fail_msg("%s: %s", err_text(error), reason.text);
    }
    frame_unref(&raw);
    return jpeg;
}

static void assert_same_bytes(struct frame *first, struct frame *second) {
    assert_int_equal(frame_payload(first).count, frame_payload(second).count);
    assert_memory_equal(frame_payload(first).bytes, frame_payload(second).bytes, frame_payload(first).count);
}

/* Decodes to Y, Cb, Cr of each pixel (Y alone for grey) and compares with the ideal picture. */
static void assert_close_to_ideal(struct frame *jpeg, unsigned component_count, const char *what) {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decompressor = {.err = jpeg_std_error(&errors)};
    jpeg_create_decompress(&decompressor);
    jpeg_mem_src(&decompressor, frame_payload(jpeg).bytes, frame_payload(jpeg).count);
    jpeg_read_header(&decompressor, TRUE);
    assert_int_equal(decompressor.num_components, component_count);
    decompressor.out_color_space = component_count == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_start_decompress(&decompressor);
    double squares[3] = {0};
    uint8_t row[3 * 400];
    JSAMPROW rows[] = {row};
    while (decompressor.output_scanline < decompressor.output_height) {
        const uint32_t y = decompressor.output_scanline;
        jpeg_read_scanlines(&decompressor, rows, 1);
        for (uint32_t i = 0; i < decompressor.output_width * component_count; i++) {
            const int error = row[i] - ideal(i % component_count, i / component_count, y);
            squares[i % component_count] += error * error;
        }
    }
    for (unsigned i = 0; i < component_count; i++) {
        const double mean = squares[i] / ((double)decompressor.output_width * decompressor.output_height);
        const double psnr = mean > 0 ? 10 * log10(255.0 * 255.0 / mean) : INFINITY;
        if (psnr < 38) {
            fail_msg("%s %ux%u, component %u: %.1f dB", what, decompressor.output_width, decompressor.output_height, i,
                     psnr);
        }
    }
    jpeg_finish_decompress(&decompressor);
    jpeg_destroy_decompress(&decompressor);
}

static void each_format_and_size_comes_back_as_it_was(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(92);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < SIZE_COUNT; j++) {
            struct frame *jpeg = encode(encoder, make_raw(formats[i], sizes[j].width, sizes[j].height, 0));
            assert_close_to_ideal(jpeg, formats[i] == FRAME_GREY ? 1 : 3, frame_format_name(formats[i]));
            frame_unref(&jpeg);
        }
    }
    encoder_destroy(&encoder);
}

static void kept_chroma_rows_come_back_as_they_were(void **state) {
    (void)state;
    struct encoder *encoder;
    assert_int_equal(encoder_create(pool, 92, SUBSAMPLING_422, &encoder), ERR_OK);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < SIZE_COUNT; j++) {
            struct frame *jpeg = encode(encoder, make_raw(formats[i], sizes[j].width, sizes[j].height, 0));
            assert_close_to_ideal(jpeg, formats[i] == FRAME_GREY ? 1 : 3, frame_format_name(formats[i]));
            frame_unref(&jpeg);
        }
    }
    encoder_destroy(&encoder);
}

/* Of the frame header (T.81, B.2.2): how many rows of luma a row of chroma stands for. */
static unsigned luma_rows_per_chroma_row(struct frame *jpeg) {
    const struct span payload = frame_payload(jpeg);
    for (size_t at = 0; at + 20 < payload.count; at++) {
        if (payload.bytes[at] == 0xff && payload.bytes[at + 1] == 0xc0) {
            return payload.bytes[at + 11] & 0x0fU;
        }
    }
    return 0;
}

static void only_formats_that_have_chroma_rows_keep_them(void **state) {
    (void)state;
    struct encoder *encoder;
    assert_int_equal(encoder_create(pool, 80, SUBSAMPLING_422, &encoder), ERR_OK);
    struct frame *packed = encode(encoder, make_raw(FRAME_UYVY, 64, 48, 0));
    struct frame *planar = encode(encoder, make_raw(FRAME_NV12, 64, 48, 0));
    assert_int_equal(luma_rows_per_chroma_row(packed), 1);
    assert_int_equal(luma_rows_per_chroma_row(planar), 2);
    frame_unref(&packed);
    frame_unref(&planar);
    encoder_destroy(&encoder);
}

/* As video has it: ITU-R BT.601. */
static uint8_t limit(uint8_t sample, bool is_luma) {
    return (uint8_t)lrint(is_luma ? 16 + sample * 219 / 255.0 : 128 + (sample - 128) * 224 / 255.0);
}

static void limited_range_is_expanded(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(92);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct frame *raw = make_raw(formats[i], 64, 48, 0);
        const bool packed = formats[i] == FRAME_YUYV || formats[i] == FRAME_YVYU || formats[i] == FRAME_UYVY;
        const size_t luma_at = formats[i] == FRAME_UYVY ? 1 : 0;
        for (size_t at = 0; at < frame_payload(raw).count; at++) {
            frame_data(raw)[at] = limit(frame_data(raw)[at], packed ? at % 2 == luma_at : at < (size_t)64 * 48);
        }
        frame_edit_info(raw)->limited_range = true;
        struct frame *jpeg = encode(encoder, raw);
        assert_false(frame_info(jpeg)->limited_range);
        assert_close_to_ideal(jpeg, formats[i] == FRAME_GREY ? 1 : 3, frame_format_name(formats[i]));
        frame_unref(&jpeg);
    }
    encoder_destroy(&encoder);
}

static void output_passes_the_checks_of_foreign_pictures(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < SIZE_COUNT; j++) {
            struct frame *jpeg = encode(encoder, make_raw(formats[i], sizes[j].width, sizes[j].height, 0));
            const size_t size = frame_payload(jpeg).count;
            assert_int_equal(jpeg_admit(jpeg, true, NULL, NULL), ERR_OK);
            assert_int_equal(frame_payload(jpeg).count, size);
            assert_int_equal(frame_info(jpeg)->width_px, sizes[j].width);
            assert_int_equal(frame_info(jpeg)->height_px, sizes[j].height);
            frame_unref(&jpeg);
        }
    }
    encoder_destroy(&encoder);
}

static void each_row_of_blocks_has_its_restart_marker(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    struct frame *jpeg = encode(encoder, make_raw(FRAME_I420, 320, 180, 0));
    const struct span payload = frame_payload(jpeg);
    unsigned markers = 0;
    for (size_t i = 0; i + 1 < payload.count; i++) {
        markers += payload.bytes[i] == 0xFF && payload.bytes[i + 1] >= 0xD0 && payload.bytes[i + 1] <= 0xD7;
    }
    assert_int_equal(markers, 180 / 16);
    frame_unref(&jpeg);
    encoder_destroy(&encoder);
}

static void rubbish_behind_the_rows_is_not_seen(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < SIZE_COUNT; j++) {
            struct frame *tight = encode(encoder, make_raw(formats[i], sizes[j].width, sizes[j].height, 0));
            struct frame *loose = encode(encoder, make_raw(formats[i], sizes[j].width, sizes[j].height, 22));
            assert_same_bytes(tight, loose);
            frame_unref(&tight);
            frame_unref(&loose);
        }
    }
    encoder_destroy(&encoder);
}

static void orders_of_the_same_samples_give_the_same_bytes(void **state) {
    (void)state;
    static const enum frame_format pairs[][2] = {
        {FRAME_I420, FRAME_NV12}, {FRAME_YUYV, FRAME_YVYU}, {FRAME_YUYV, FRAME_UYVY}};
    struct encoder *encoder = make_encoder(80);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < SIZE_COUNT; j++) {
            struct frame *first = encode(encoder, make_raw(pairs[i][0], sizes[j].width, sizes[j].height, 0));
            struct frame *second = encode(encoder, make_raw(pairs[i][1], sizes[j].width, sizes[j].height, 0));
            assert_same_bytes(first, second);
            frame_unref(&first);
            frame_unref(&second);
        }
    }
    encoder_destroy(&encoder);
}

static void blocks_are_filled_up_with_the_last_column(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    struct frame *continued = make_raw(FRAME_GREY, 24, 16, 0);
    for (size_t y = 0; y < 16; y++) {
        uint8_t *row = frame_data(continued) + 24 * y;
        memset(row + 17, row[16], 24 - 17);
    }
    struct frame *wide = encode(encoder, continued);
    struct frame *narrow = encode(encoder, make_raw(FRAME_GREY, 17, 16, 0));
    /* They differ in nothing but the width in the frame header. */
    const struct span payload = frame_payload(wide);
    uint8_t *width = NULL;
    for (size_t i = 0; i + 9 < payload.count && width == NULL; i++) {
        width = memcmp(payload.bytes + i, "\xFF\xC0", 2) == 0 ? frame_data(wide) + i + 8 : NULL;
    }
    assert_non_null(width);
    assert_int_equal(*width, 24);
    *width = 17;
    assert_same_bytes(wide, narrow);
    frame_unref(&wide);
    frame_unref(&narrow);
    encoder_destroy(&encoder);
}

static void packed_chroma_is_the_average_of_two_rows(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(95);
    struct frame *packed = make_raw(FRAME_YUYV, 32, 32, 0);
    struct frame *planar = make_raw(FRAME_I420, 32, 32, 0);
    for (size_t i = 0; i < 32 * 32 / 2; i++) {
        const bool odd_row = i / 16 % 2 == 1;
        const uint8_t group[] = {90, odd_row ? 100 : 60, 90, odd_row ? 201 : 150};
        memcpy(frame_data(packed) + 4 * i, group, sizeof group);
    }
    memset(frame_data(planar), 90, 32 * 32);
    memset(frame_data(planar) + 32 * 32, 80, 16 * 16);
    memset(frame_data(planar) + 32 * 32 + 16 * 16, 176, 16 * 16); /* 175.5, rounded up */
    struct frame *first = encode(encoder, packed), *second = encode(encoder, planar);
    assert_same_bytes(first, second);
    frame_unref(&first);
    frame_unref(&second);
    encoder_destroy(&encoder);
}

static void same_picture_gives_the_same_bytes_whatever_came_before(void **state) {
    (void)state;
    struct encoder *fresh = make_encoder(80), *used = make_encoder(80);
    struct frame *larger = encode(used, make_raw(FRAME_YUYV, 320, 180, 0));
    struct frame *grey = encode(used, make_raw(FRAME_GREY, 33, 2, 0));
    struct frame *first = encode(fresh, make_raw(FRAME_NV12, 103, 61, 0));
    struct frame *second = encode(used, make_raw(FRAME_NV12, 103, 61, 0));
    assert_same_bytes(first, second);
    struct frame **frames[] = {&larger, &grey, &first, &second};
    for (size_t i = 0; i < 4; i++) {
        frame_unref(frames[i]);
    }
    encoder_destroy(&fresh);
    encoder_destroy(&used);
}

static void info_is_carried_over(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    struct frame *jpeg = encode(encoder, make_raw(FRAME_NV12, 48, 40, 16));
    const struct frame_info *info = frame_info(jpeg);
    assert_int_equal(info->sequence, 42);
    assert_int_equal(info->captured_realtime_ns, 1000);
    assert_int_equal(info->captured_monotonic_ns, 2000);
    assert_int_equal(info->width_px, 48);
    assert_int_equal(info->height_px, 40);
    assert_int_equal(info->stride_px, 0);
    assert_int_equal(info->format, FRAME_JPEG);
    assert_int_equal(info->state, STATE_STALE);
    frame_unref(&jpeg);
    encoder_destroy(&encoder);
}

static void steady_state_allocates_nothing(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    uint64_t allocations = 0;
    for (unsigned i = 0; i < 20; i++) {
        struct frame *jpeg = encode(encoder, make_raw(FRAME_YUYV, 320, 180, 0));
        frame_unref(&jpeg);
        if (i == 2) {
            allocations = frame_pool_usage(pool).allocations;
        }
    }
    assert_int_equal(frame_pool_usage(pool).allocations, allocations);
    encoder_destroy(&encoder);
}

static void picture_that_outgrows_its_frame_is_whole(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(100);
    struct frame *raw = make_raw(FRAME_YUYV, 320, 180, 0);
    uint32_t noise = 1;
    for (size_t i = 0; i < frame_payload(raw).count; i++) {
        noise = noise * 1664525 + 1013904223;
        frame_data(raw)[i] = (uint8_t)(noise >> 24);
    }
    /* A small JPEG first makes the encoder expect another. */
    struct frame *small = encode(encoder, make_raw(FRAME_GREY, 16, 16, 0));
    struct frame *jpeg = encode(encoder, raw);
    assert_true(frame_payload(jpeg).count > 2 * frame_capacity(small));
    assert_int_equal(jpeg_check_decoding(frame_payload(jpeg).bytes, frame_payload(jpeg).count, NULL, NULL), ERR_OK);
    frame_unref(&small);
    frame_unref(&jpeg);
    encoder_destroy(&encoder);
}

static void assert_refused(struct encoder *encoder, struct frame *raw, enum err expected) {
    struct frame *jpeg = NULL;
    struct reason reason = {""};
    assert_int_equal(encoder_encode(encoder, raw, NULL, &jpeg, &reason), expected);
    assert_null(jpeg);
    assert_true(reason.text[0] != '\0');
    frame_unref(&raw);
}

static void raw_that_is_too_small_is_refused(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct frame *raw = make_raw(formats[i], 17, 13, 0);
        frame_set_size(raw, frame_payload(raw).count - 1);
        assert_refused(encoder, raw, ERR_INVALID);
        raw = make_raw(formats[i], 17, 13, 0);
        frame_edit_info(raw)->stride_px = 16;
        assert_refused(encoder, raw, ERR_INVALID);
        raw = make_raw(formats[i], 17, 13, 0);
        frame_edit_info(raw)->width_px = 0;
        assert_refused(encoder, raw, ERR_INVALID);
        raw = make_raw(formats[i], 17, 13, 0);
        frame_edit_info(raw)->height_px = UINT32_MAX;
        assert_refused(encoder, raw, ERR_INVALID);
        raw = make_raw(formats[i], 17, 13, 0);
        frame_edit_info(raw)->stride_px = UINT32_MAX;
        assert_refused(encoder, raw, ERR_INVALID);
    }
    encoder_destroy(&encoder);
}

static void jpeg_is_not_a_raw_format(void **state) {
    (void)state;
    struct encoder *encoder = make_encoder(80);
    assert_refused(encoder, encode(encoder, make_raw(FRAME_GREY, 16, 16, 0)), ERR_UNSUPPORTED);
    encoder_destroy(&encoder);
}

static void higher_quality_gives_more_bytes(void **state) {
    (void)state;
    size_t last = 0;
    for (int quality = 1; quality <= 100; quality += 33) {
        struct encoder *encoder = make_encoder(quality);
        struct frame *jpeg = encode(encoder, make_raw(FRAME_I420, 320, 180, 0));
        assert_true(frame_payload(jpeg).count > last);
        last = frame_payload(jpeg).count;
        frame_unref(&jpeg);
        encoder_destroy(&encoder);
    }
}

static int create_pool(void **state) {
    (void)state;
    return frame_pool_create(&pool) == ERR_OK ? 0 : -1;
}

static int destroy_pool(void **state) {
    (void)state;
    frame_pool_destroy(&pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_and_size_comes_back_as_it_was),
        cmocka_unit_test(kept_chroma_rows_come_back_as_they_were),
        cmocka_unit_test(only_formats_that_have_chroma_rows_keep_them),
        cmocka_unit_test(limited_range_is_expanded),
        cmocka_unit_test(output_passes_the_checks_of_foreign_pictures),
        cmocka_unit_test(each_row_of_blocks_has_its_restart_marker),
        cmocka_unit_test(rubbish_behind_the_rows_is_not_seen),
        cmocka_unit_test(orders_of_the_same_samples_give_the_same_bytes),
        cmocka_unit_test(blocks_are_filled_up_with_the_last_column),
        cmocka_unit_test(packed_chroma_is_the_average_of_two_rows),
        cmocka_unit_test(same_picture_gives_the_same_bytes_whatever_came_before),
        cmocka_unit_test(info_is_carried_over),
        cmocka_unit_test(steady_state_allocates_nothing),
        cmocka_unit_test(picture_that_outgrows_its_frame_is_whole),
        cmocka_unit_test(raw_that_is_too_small_is_refused),
        cmocka_unit_test(jpeg_is_not_a_raw_format),
        cmocka_unit_test(higher_quality_gives_more_bytes),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
