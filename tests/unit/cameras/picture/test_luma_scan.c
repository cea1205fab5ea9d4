#include "cameras/picture/luma_scan.h"

#include "tests/unit/cameras/picture/jpeg_shapes.h"

#define SAMPLES_MAX (64 * 64)

struct small {
    uint32_t width, height;
    uint8_t samples[SAMPLES_MAX];
};

static enum err read_luma(struct jpeg_scan *scan, const struct picture *picture, const struct work_limit *limit,
                          struct small *luma) {
    struct jpeg_decompress_struct decompressor;
    struct jpeg_trap trap;
    enum err error = ERR_INVALID;
    if (read_header(&decompressor, &trap, span_of(picture))) {
        luma->width = (decompressor.image_width + 7) / 8;
        luma->height = (decompressor.image_height + 7) / 8;
        error = luma->width * luma->height <= SAMPLES_MAX ? luma_scan_read(scan, &decompressor, limit, luma->samples)
                                                          : ERR_UNSUPPORTED;
    }
    jpeg_destroy_decompress(&decompressor);
    return error;
}

/* By libjpeg, at one eighth. */
static void decode_small(const struct picture *picture, struct small *luma) {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decompressor = {.err = jpeg_std_error(&errors)};
    jpeg_create_decompress(&decompressor);
    jpeg_mem_src(&decompressor, picture->bytes, picture->count);
    jpeg_read_header(&decompressor, TRUE);
    decompressor.scale_num = 1;
    decompressor.scale_denom = 8;
    decompressor.out_color_space = JCS_GRAYSCALE;
    jpeg_start_decompress(&decompressor);
    luma->width = decompressor.output_width;
    luma->height = decompressor.output_height;
    while (decompressor.output_scanline < luma->height) {
        JSAMPROW row = luma->samples + (size_t)luma->width * decompressor.output_scanline;
        jpeg_read_scanlines(&decompressor, &row, 1);
    }
    jpeg_finish_decompress(&decompressor);
    jpeg_destroy_decompress(&decompressor);
}

static struct jpeg_scan scan;

static void assert_read_as_by_libjpeg(const struct shape *shape) {
    struct picture picture = make_shape(shape);
    struct small luma, expected;
    assert_int_equal(read_luma(&scan, &picture, NULL, &luma), ERR_OK);
    decode_small(&picture, &expected);
    assert_int_equal(luma.width, expected.width);
    assert_int_equal(luma.height, expected.height);
    assert_memory_equal(luma.samples, expected.samples, (size_t)luma.width * luma.height);
    free(picture.bytes);
}

static int finish_scan(void **state) {
    (void)state;
    jpeg_scan_finish(&scan);
    return 0;
}

static bool has_less_luma(const struct shape *shape) {
    return !shape->grey && (shape->across[0] < shape->across[1] || shape->down[0] < shape->down[1] ||
                            shape->across[0] < shape->across[2] || shape->down[0] < shape->down[2]);
}

static void luma_is_that_of_libjpeg(void **state) {
    (void)state;
    static const int qualities[] = {5, 60, 100};
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        for (size_t j = 0; j < 18; j++) {
            struct shape shape = shapes[i];
            if (shape.progressive || shape.rgb || has_less_luma(&shape)) {
                continue;
            }
            shape.quality = qualities[j % 3];
            shape.restart_units = j / 3 % 3 == 0 ? 0 : j / 3 % 3 == 1 ? 1 : 7;
            shape.optimized = j >= 9;
            assert_read_as_by_libjpeg(&shape);
        }
    }
}

static void smallest_pictures_are_read(void **state) {
    (void)state;
    for (uint32_t size = 1; size <= 17; size++) {
        const struct shape shape = {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = size, .height = 18 - size};
        assert_read_as_by_libjpeg(&shape);
    }
}

static void other_kinds_of_pictures_are_left_to_libjpeg(void **state) {
    (void)state;
    unsigned left = 0;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        if (shapes[i].progressive || has_less_luma(&shapes[i])) {
            struct picture picture = make_shape(&shapes[i]);
            struct small luma;
            assert_int_equal(read_luma(&scan, &picture, NULL, &luma), ERR_UNSUPPORTED);
            free(picture.bytes);
            left++;
        }
    }
    assert_int_equal(left, 3);
}

/* By the coefficients: libjpeg wraps means that no encoder writes. */
static void assert_is_as_coded(const struct small *luma, const struct picture *picture) {
    struct frame *frame = frame_of(span_of(picture));
    struct coded coded;
    read_coded(frame, &coded);
    const int step = coded.decompressor.comp_info[0].quant_table->quantval[0];
    for (JDIMENSION y = 0; y < luma->height; y++) {
        for (JDIMENSION x = 0; x < luma->width; x++) {
            const double mean = block(&coded, 0, x, y)[0] * step / 8.0 + 128;
            const double shown = mean < 0 ? 0 : mean > 255 ? 255 : mean;
            assert_in_range(luma->samples[(size_t)y * luma->width + x] * 2 + 1, shown * 2, shown * 2 + 2);
        }
    }
    jpeg_destroy_decompress(&coded.decompressor);
    frame_unref(&frame);
}

static void damage_gives_what_libjpeg_reads_or_nothing(void **state) {
    (void)state;
    uint32_t seed = 8;
    unsigned read = 0, left = 0;
    for (unsigned round = 0; round < 3000; round++) {
        struct shape shape = shapes[next_random(&seed) % SHAPE_COUNT];
        shape.width = 64;
        shape.height = 48;
        shape.optimized = round % 3 == 0;
        shape.quality = round % 2 == 0 ? 30 : 100;
        struct picture picture = make_shape(&shape);
        const size_t from = find_marker(&picture, 0xDA, 0);
        for (unsigned flips = 1 + next_random(&seed) % 3; flips > 0; flips--) {
            picture.bytes[from + next_random(&seed) % (picture.count - from)] ^=
                (uint8_t)(1u << next_random(&seed) % 8);
        }
        if (round % 7 == 0) {
            picture.count = from + next_random(&seed) % (picture.count - from);
        }
        struct small luma;
        if (read_luma(&scan, &picture, NULL, &luma) == ERR_OK) {
            assert_is_as_coded(&luma, &picture);
            read++;
        } else {
            left++;
        }
        free(picture.bytes);
    }
    assert_true(read > 100 && left > 100);
}

/* Between the units, too. */
static bool is_stopped(void *user) {
    unsigned *checks = user;
    return ++*checks == 2;
}

static void work_ends_at_its_limit(void **state) {
    (void)state;
    unsigned checks = 0;
    const struct work_limit limits[] = {{.cpu_deadline_ns = INT64_MAX, .is_stopped = is_stopped, .user = &checks},
                                        {.cpu_deadline_ns = 1}};
    static const enum err expected[] = {ERR_INTERRUPTED, ERR_TIMEOUT};
    const struct shape shape = {.across = {1}, .down = {1}, .grey = true, .width = 400, .height = 400};
    struct picture picture = make_shape(&shape);
    for (size_t i = 0; i < 2; i++) {
        struct small luma;
        assert_int_equal(read_luma(&scan, &picture, &limits[i], &luma), expected[i]);
    }
    free(picture.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(luma_is_that_of_libjpeg, finish_scan),
        cmocka_unit_test_teardown(smallest_pictures_are_read, finish_scan),
        cmocka_unit_test_teardown(other_kinds_of_pictures_are_left_to_libjpeg, finish_scan),
        cmocka_unit_test_teardown(damage_gives_what_libjpeg_reads_or_nothing, finish_scan),
        cmocka_unit_test_teardown(work_ends_at_its_limit, finish_scan),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
