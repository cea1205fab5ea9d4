#include "cameras/picture/encoder.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/luma.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct frame_pool *pool;
static struct luma_reader *reader;

static int setup(void **state) {
    (void)state;
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(luma_reader_create(&reader), ERR_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    luma_reader_destroy(&reader);
    assert_null(reader);
    frame_pool_destroy(&pool);
    return 0;
}

/* Brighter to the right and to the bottom, the same at every size. */
static uint8_t level_at(double x, double y) { return (uint8_t)(20 + 120 * x + 80 * y); }

struct kind {
    enum frame_format format;
    size_t first, step;  /* in bytes: the first sample of Y, and from one to the next */
    size_t chroma_share; /* bytes of chroma: one for so many of luma; 0: none */
};
static const struct kind kinds[] = {
    {FRAME_I420, 0, 1, 2}, {FRAME_NV12, 0, 1, 2}, {FRAME_YUYV, 0, 2, 1},
    {FRAME_YVYU, 0, 2, 1}, {FRAME_UYVY, 1, 2, 1}, {FRAME_GREY, 0, 1, 0},
};

static struct frame *make_raw(const struct kind *kind, uint32_t width, uint32_t height) {
    const size_t luma_bytes = (size_t)width * height;
    const size_t bytes = luma_bytes + (kind->chroma_share > 0 ? luma_bytes / kind->chroma_share : 0);
    struct frame *frame = NULL;
    assert_int_equal(frame_create(pool, bytes, &frame), ERR_OK);
    memset(frame_data(frame), 128, bytes);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            frame_data(frame)[((size_t)y * width + x) * kind->step + kind->first] =
                level_at((x + 0.5) / width, (y + 0.5) / height);
        }
    }
    frame_set_size(frame, bytes);
    *frame_edit_info(frame) =
        (struct frame_info){.format = kind->format, .width_px = width, .height_px = height, .sequence = 1};
    return frame;
}

static struct frame *make_jpeg(uint32_t width, uint32_t height) {
    struct frame *raw = make_raw(&kinds[0], width, height), *jpeg = NULL;
    struct encoder *encoder = NULL;
    assert_int_equal(encoder_create(pool, 80, SUBSAMPLING_420, &encoder), ERR_OK);
    assert_int_equal(encoder_encode(encoder, raw, NULL, &jpeg, NULL), ERR_OK);
    encoder_destroy(&encoder);
    frame_unref(&raw);
    return jpeg;
}

/* Where a place of the picture as shown was when it was stored. */
static void stored_place(uint8_t orientation, double x, double y, double *stored_x, double *stored_y) {
    const double across[9] = {x, x, 1 - x, 1 - x, x, y, y, 1 - y, 1 - y};
    const double down[9] = {y, y, y, 1 - y, 1 - y, x, 1 - x, 1 - x, x};
    *stored_x = across[orientation];
    *stored_y = down[orientation];
}

static void check(struct frame *frame, uint32_t width, uint32_t height) {
    struct luma luma;
    assert_int_equal(luma_reader_read(reader, frame, NULL, &luma, NULL), ERR_OK);
    assert_int_equal(luma.width_px, width);
    assert_int_equal(luma.height_px, height);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            double stored_x, stored_y;
            stored_place(frame_info(frame)->orientation, (x + 0.5) / width, (y + 0.5) / height, &stored_x, &stored_y);
            const int expected = level_at(stored_x, stored_y);
            assert_in_range(luma.samples[y * luma.stride_bytes + x] + 3, expected, expected + 6);
        }
    }
    frame_unref(&frame);
}

static void raw_pictures_are_reduced(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        check(make_raw(&kinds[i], 1280, 720), 160, 90);
        check(make_raw(&kinds[i], 640, 480), 160, 120);
        check(make_raw(&kinds[i], 320, 240), 160, 120);
        check(make_raw(&kinds[i], 64, 48), 32, 24);
    }
}

static void jpeg_is_decoded_small(void **state) {
    (void)state;
    check(make_jpeg(1280, 720), 160, 90);
    check(make_jpeg(640, 480), 160, 120);
    check(make_jpeg(320, 240), 160, 120);
    check(make_jpeg(16, 16), 8, 8);
}

static void large_pictures_are_halved(void **state) {
    (void)state;
    check(make_jpeg(3840, 2160), 240, 135);
    check(make_raw(&kinds[1], 3840, 2160), 240, 135);
}

static void it_is_the_picture_as_shown(void **state) {
    (void)state;
    for (uint8_t orientation = 1; orientation <= 8; orientation++) {
        struct frame *frame = make_raw(&kinds[0], 1280, 720);
        frame_edit_info(frame)->orientation = orientation;
        const bool is_sideways = orientation >= 5;
        check(frame, is_sideways ? 90 : 160, is_sideways ? 160 : 90);
    }
}

static void sizes_that_are_no_multiple_have_narrow_boxes(void **state) {
    (void)state;
    struct frame *frame = make_raw(&kinds[5], 1283, 723);
    struct luma luma;
    assert_int_equal(luma_reader_read(reader, frame, NULL, &luma, NULL), ERR_OK);
    assert_int_equal(luma.width_px, 161);
    assert_int_equal(luma.height_px, 91);
    assert_in_range(luma.samples[90 * luma.stride_bytes + 160], 216, 220);
    frame_unref(&frame);
}

static void broken_pictures_are_refused_and_the_next_is_read(void **state) {
    (void)state;
    struct reason reason = {""};
    struct luma luma;
    struct frame *frame = make_jpeg(1280, 720);
    memset(frame_data(frame) + frame_payload(frame).count / 2, 0xaa, 500);
    frame_set_size(frame, frame_payload(frame).count * 3 / 4);
    assert_int_equal(luma_reader_read(reader, frame, NULL, &luma, &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, "does not decode"));
    frame_unref(&frame);
    frame = make_raw(&kinds[0], 640, 480);
    frame_set_size(frame, 1000);
    assert_int_equal(luma_reader_read(reader, frame, NULL, &luma, &reason), ERR_INVALID);
    frame_unref(&frame);
    check(make_jpeg(1280, 720), 160, 90);
}

static bool is_stopped(void *user) {
    (void)user;
    return true;
}

static void a_limit_ends_the_work(void **state) {
    (void)state;
    const struct work_limit limit = {.cpu_deadline_ns = INT64_MAX, .is_stopped = is_stopped};
    struct frame *frame = make_jpeg(1280, 720);
    struct luma luma;
    assert_int_equal(luma_reader_read(reader, frame, &limit, &luma, NULL), ERR_INTERRUPTED);
    check(frame, 160, 90);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(raw_pictures_are_reduced, setup, teardown),
        cmocka_unit_test_setup_teardown(jpeg_is_decoded_small, setup, teardown),
        cmocka_unit_test_setup_teardown(large_pictures_are_halved, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_the_picture_as_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_that_are_no_multiple_have_narrow_boxes, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_pictures_are_refused_and_the_next_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_limit_ends_the_work, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
