#include "cameras/picture/exif.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/scaler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

static struct frame_pool *pool;

/* A picture of slow waves, so that what JPEG and 4:2:0 lose is little. component: 0 Y, 1 Cb, 2 Cr. */
static double ideal(int component, double x, double y) {
    static const double across[] = {0.03, 0.02, -0.015}, down[] = {0.02, -0.01, 0.02};
    return 128 + 90 * sin(across[component] * x + down[component] * y + component);
}

struct kind {
    const char *name;
    int components;
    int across, down; /* sampling factors of Y; those of Cb and Cr are 1 */
    bool progressive;
};

static const struct kind kinds[] = {
    {"4:2:0", 3, 2, 2, false},       {"4:2:2", 3, 2, 1, false}, {"4:4:4", 3, 1, 1, false},
    {"4:4:0", 3, 1, 2, false},       {"grey", 1, 1, 1, false},  {"progressive", 3, 2, 2, true},
    {"4:1:1", 3, 4, 1, false},       {"4:1:0", 3, 4, 2, false}, {"three to one", 3, 3, 1, false},
    {"one to four", 3, 1, 4, false},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

/* Makes the ideal picture as a JPEG frame of that kind. */
static struct frame *make_jpeg(const struct kind *kind, uint32_t width, uint32_t height) {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct compressor = {.err = jpeg_std_error(&errors)};
    jpeg_create_compress(&compressor);
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    jpeg_mem_dest(&compressor, &bytes, &count);
    compressor.image_width = width;
    compressor.image_height = height;
    compressor.input_components = kind->components;
    compressor.in_color_space = kind->components == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(&compressor);
    jpeg_set_quality(&compressor, 95, TRUE);
    compressor.comp_info[0].h_samp_factor = kind->across;
    compressor.comp_info[0].v_samp_factor = kind->down;
    if (kind->progressive) {
        jpeg_simple_progression(&compressor);
    }
    jpeg_start_compress(&compressor, TRUE);
    uint8_t *row = malloc(3 * (size_t)width);
    assert_non_null(row);
    while (compressor.next_scanline < height) {
        for (uint32_t i = 0; i < width * (uint32_t)kind->components; i++) {
            int component = (int)i % kind->components;
            row[i] = (uint8_t)lrint(ideal(component, i / (uint32_t)kind->components, compressor.next_scanline));
        }
        jpeg_write_scanlines(&compressor, &row, 1);
    }
    jpeg_finish_compress(&compressor);
    jpeg_destroy_compress(&compressor);
    free(row);

    struct frame *frame;
    assert_int_equal(frame_create(pool, count, &frame), ERR_OK);
    memcpy(frame_data(frame), bytes, count);
    frame_set_size(frame, count);
    free(bytes);
    *frame_edit_info(frame) = (struct frame_info){
        .sequence = 42, .captured_realtime_ns = 1000, .captured_monotonic_ns = 2000, .state = STATE_STALE};
    assert_int_equal(jpeg_admit(frame, true, NULL, NULL), ERR_OK);
    return frame;
}

static struct frame *convert(struct variant_request request, const struct frame *source) {
    void *scaler;
    assert_int_equal(scaler_ops.create(pool, &request, &scaler), ERR_OK);
    struct frame *derived = NULL;
    assert_int_equal(scaler_ops.convert(scaler, source, NULL, &derived), ERR_OK);
    scaler_ops.destroy(scaler);
    return derived;
}

/* Compares with the ideal picture, seen at the centres of the larger pixels. */
static void assert_close_to_ideal(const struct frame *frame, const struct kind *kind, uint32_t source_width) {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decompressor = {.err = jpeg_std_error(&errors)};
    jpeg_create_decompress(&decompressor);
    jpeg_mem_src(&decompressor, frame_payload(frame).bytes, frame_payload(frame).count);
    jpeg_read_header(&decompressor, TRUE);
    assert_int_equal(decompressor.num_components, kind->components);
    assert_int_equal(decompressor.image_width, frame_info(frame)->width_px);
    assert_int_equal(decompressor.image_height, frame_info(frame)->height_px);
    decompressor.out_color_space = kind->components == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_start_decompress(&decompressor);
    double zoom = 8 / rint(8.0 * decompressor.output_width / source_width);
    double squares[3] = {0};
    uint8_t *row = malloc(3 * (size_t)decompressor.output_width);
    assert_non_null(row);
    while (decompressor.output_scanline < decompressor.output_height) {
        double y = (decompressor.output_scanline + 0.5) * zoom - 0.5;
        jpeg_read_scanlines(&decompressor, &row, 1);
        for (uint32_t i = 0; i < decompressor.output_width * (uint32_t)kind->components; i++) {
            int component = (int)i % kind->components;
            double x = (i / (uint32_t)kind->components + 0.5) * zoom - 0.5;
            double error = row[i] - ideal(component, x, y);
            squares[component] += error * error;
        }
    }
    for (int i = 0; i < kind->components; i++) {
        double mean = squares[i] / ((double)decompressor.output_width * decompressor.output_height);
        double psnr = mean > 0 ? 10 * log10(255.0 * 255.0 / mean) : INFINITY;
        if (psnr < 32) {
            fail_msg("%s at %ux%u, component %d: %.1f dB", kind->name, decompressor.output_width,
                     decompressor.output_height, i, psnr);
        }
    }
    free(row);
    jpeg_finish_decompress(&decompressor);
    jpeg_destroy_decompress(&decompressor);
}

static void each_kind_is_true_to_itself_at_each_size(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (uint32_t eighths = 1; eighths <= 8; eighths++) {
            struct frame *source = make_jpeg(&kinds[i], 648, 362);
            struct frame *derived = convert((struct variant_request){81 * eighths, 90, 0}, source);
            assert_int_equal(frame_info(derived)->width_px, 81 * eighths);
            assert_int_equal(frame_info(derived)->height_px, (362 * eighths + 7) / 8);
            assert_close_to_ideal(derived, &kinds[i], 648);
            frame_unref(&source);
            frame_unref(&derived);
        }
    }
}

static void odd_and_tiny_sizes_come_out_whole(void **state) {
    (void)state;
    static const struct {
        uint32_t width, height;
    } sizes[] = {{1, 1}, {2, 1}, {1, 17}, {7, 9}, {16, 16}, {17, 33}, {103, 61}};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            for (uint32_t request = 1; request <= sizes[j].width; request += 1 + request / 2) {
                struct frame *source = make_jpeg(&kinds[i], sizes[j].width, sizes[j].height);
                struct frame *derived = convert((struct variant_request){request, 50, 0}, source);
                assert_int_equal(jpeg_admit(derived, true, NULL, NULL), ERR_OK);
                assert_in_range(frame_info(derived)->width_px, request, sizes[j].width);
                frame_unref(&source);
                frame_unref(&derived);
            }
        }
    }
}

static struct frame *with_orientation(const struct frame *jpeg, uint8_t orientation) {
    static const uint8_t app1[] = {0xFF, 0xE1, 0, EXIF_ORIENTATION_BYTES + 2};
    struct span payload = frame_payload(jpeg);
    struct frame *turned;
    const size_t added = sizeof app1 + EXIF_ORIENTATION_BYTES;
    assert_int_equal(frame_create(pool, payload.count + added, &turned), ERR_OK);
    memcpy(frame_data(turned), payload.bytes, 2);
    memcpy(frame_data(turned) + 2, app1, sizeof app1);
    exif_write_orientation(frame_data(turned) + 2 + sizeof app1, orientation);
    memcpy(frame_data(turned) + 2 + added, payload.bytes + 2, payload.count - 2);
    frame_set_size(turned, payload.count + added);
    assert_int_equal(jpeg_admit(turned, true, NULL, NULL), ERR_OK);
    return turned;
}

/* The width is that of the picture as shown, which is sideways the height of the stored one. */
static void orientation_is_carried_over(void **state) {
    (void)state;
    for (uint8_t orientation = 1; orientation <= 8; orientation++) {
        struct frame *upright = make_jpeg(&kinds[0], 320, 240);
        struct frame *source = with_orientation(upright, orientation);
        struct frame *derived = convert((struct variant_request){120, 0, 0}, source);
        const bool is_sideways = orientation >= 5;
        for (int pass = 0; pass < 2; pass++) { /* as it says, and as its bytes say */
            assert_int_equal(frame_info(derived)->orientation, orientation == 1 && pass == 1 ? 0 : orientation);
            assert_int_equal(frame_info(derived)->width_px, 120);
            assert_int_equal(frame_info(derived)->height_px, is_sideways ? 160 : 90);
            assert_int_equal(jpeg_admit(derived, true, NULL, NULL), ERR_OK);
        }
        frame_unref(&derived);
        frame_unref(&source);
        frame_unref(&upright);
    }
}

static void info_is_carried_over(void **state) {
    (void)state;
    struct frame *source = make_jpeg(&kinds[0], 320, 240);
    struct frame *derived = convert((struct variant_request){100, 0, 0}, source);
    const struct frame_info *info = frame_info(derived);
    assert_int_equal(info->sequence, 42);
    assert_int_equal(info->captured_realtime_ns, 1000);
    assert_int_equal(info->captured_monotonic_ns, 2000);
    assert_int_equal(info->state, STATE_STALE);
    assert_int_equal(info->format, FRAME_JPEG);
    assert_int_equal(info->width_px, 120);
    assert_int_equal(info->height_px, 90);
    frame_unref(&source);
    frame_unref(&derived);
}

static void request_that_comes_to_the_source_gives_its_bytes(void **state) {
    (void)state;
    struct frame *source = make_jpeg(&kinds[0], 320, 240);
    static const uint32_t widths[] = {0, 281, 320, 3840};
    for (size_t i = 0; i < 4; i++) {
        struct frame *derived = convert((struct variant_request){widths[i], 0, 5}, source);
        assert_int_equal(frame_payload(derived).count, frame_payload(source).count);
        assert_memory_equal(frame_payload(derived).bytes, frame_payload(source).bytes, frame_payload(source).count);
        frame_unref(&derived);
    }
    frame_unref(&source);
}

static void lower_quality_gives_fewer_bytes(void **state) {
    (void)state;
    struct frame *source = make_jpeg(&kinds[0], 320, 240);
    size_t before = frame_payload(source).count;
    for (int quality = 90; quality > 0; quality -= 40) {
        struct frame *derived = convert((struct variant_request){0, quality, 0}, source);
        assert_true(frame_payload(derived).count < before);
        assert_int_equal(frame_info(derived)->width_px, 320);
        before = frame_payload(derived).count;
        frame_unref(&derived);
    }
    frame_unref(&source);
}

static void broken_picture_is_an_error_and_the_next_one_is_not(void **state) {
    (void)state;
    void *scaler;
    assert_int_equal(scaler_ops.create(pool, &(struct variant_request){.width_px = 100}, &scaler), ERR_OK);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct frame *source = make_jpeg(&kinds[i], 320, 240), *derived = NULL;
        struct frame *broken = make_jpeg(&kinds[i], 320, 240);
        size_t cut = frame_payload(broken).count / 2;
        frame_set_size(broken, cut);
        assert_int_equal(scaler_ops.convert(scaler, broken, NULL, &derived), ERR_INVALID);
        memset(frame_data(broken), 0xFF, cut);
        assert_int_equal(scaler_ops.convert(scaler, broken, NULL, &derived), ERR_INVALID);
        assert_null(derived);
        assert_int_equal(scaler_ops.convert(scaler, source, NULL, &derived), ERR_OK);
        assert_int_equal(jpeg_admit(derived, true, NULL, NULL), ERR_OK);
        frame_unref(&derived);
        frame_unref(&broken);
        frame_unref(&source);
    }
    scaler_ops.destroy(scaler);
}

static void steady_state_allocates_no_frames(void **state) {
    (void)state;
    void *scaler;
    assert_int_equal(scaler_ops.create(pool, &(struct variant_request){.width_px = 100}, &scaler), ERR_OK);
    struct frame *source = make_jpeg(&kinds[0], 640, 480), *derived = NULL;
    uint64_t allocations = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(scaler_ops.convert(scaler, source, NULL, &derived), ERR_OK);
        frame_unref(&derived);
        if (i == 2) {
            allocations = frame_pool_usage(pool).allocations;
        }
    }
    assert_int_equal(frame_pool_usage(pool).allocations, allocations);
    frame_unref(&source);
    scaler_ops.destroy(scaler);
}

static void assert_resolves(struct variant_request request, uint32_t source_width, uint32_t width, int quality) {
    struct variant_request resolved = scaler_ops.resolve(&request, source_width);
    assert_int_equal(resolved.width_px, width);
    assert_int_equal(resolved.quality, quality);
    struct variant_request again = scaler_ops.resolve(&resolved, source_width);
    assert_int_equal(again.width_px, width);
    assert_int_equal(again.quality, quality);
}

static void width_is_the_smallest_eighth_that_is_large_enough(void **state) {
    (void)state;
    assert_resolves((struct variant_request){480, 0, 0}, 1920, 480, 80);
    assert_resolves((struct variant_request){481, 0, 0}, 1920, 720, 80);
    assert_resolves((struct variant_request){16, 0, 0}, 1920, 240, 80);
    assert_resolves((struct variant_request){126, 0, 0}, 1001, 126, 80);
    assert_resolves((struct variant_request){1680, 0, 0}, 1920, 1680, 80);
    assert_resolves((struct variant_request){1681, 0, 0}, 1920, 0, 0);
    assert_resolves((struct variant_request){3840, 0, 0}, 1920, 0, 0);
    assert_resolves((struct variant_request){0, 0, 0}, 1920, 0, 0);
}

static void quality_is_the_next_ten(void **state) {
    (void)state;
    assert_resolves((struct variant_request){0, 1, 0}, 1920, 0, 10);
    assert_resolves((struct variant_request){0, 10, 0}, 1920, 0, 10);
    assert_resolves((struct variant_request){0, 11, 0}, 1920, 0, 20);
    assert_resolves((struct variant_request){3840, 100, 0}, 1920, 0, 100);
    assert_resolves((struct variant_request){480, 61, 0}, 1920, 480, 70);
}

static void nothing_is_decided_before_the_source_is_known(void **state) {
    (void)state;
    assert_resolves((struct variant_request){481, 0, 0}, 0, 481, 0);
    assert_resolves((struct variant_request){481, 33, 0}, 0, 481, 40);
}

static int begin(void **state) {
    (void)state;
    return frame_pool_create(&pool) == ERR_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    frame_pool_destroy(&pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_true_to_itself_at_each_size),
        cmocka_unit_test(odd_and_tiny_sizes_come_out_whole),
        cmocka_unit_test(orientation_is_carried_over),
        cmocka_unit_test(info_is_carried_over),
        cmocka_unit_test(request_that_comes_to_the_source_gives_its_bytes),
        cmocka_unit_test(lower_quality_gives_fewer_bytes),
        cmocka_unit_test(broken_picture_is_an_error_and_the_next_one_is_not),
        cmocka_unit_test(steady_state_allocates_no_frames),
        cmocka_unit_test(width_is_the_smallest_eighth_that_is_large_enough),
        cmocka_unit_test(quality_is_the_next_ten),
        cmocka_unit_test(nothing_is_decided_before_the_source_is_known),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
