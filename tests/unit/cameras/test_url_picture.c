#include "cameras/url_picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#define WIDTH 34
#define HEIGHT 18

static struct frame_pool *pool;
static struct SwsContext *scaler;

static int set_up(void **state) {
    (void)state;
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sws_freeContext(scaler);
    scaler = NULL;
    frame_pool_destroy(&pool);
    return 0;
}

/* Every sample of a plane is the plane's one of these; rows are longer than the picture. */
static AVFrame *make_picture(enum AVPixelFormat format, int width, int height, const uint8_t samples[3]) {
    AVFrame *picture = av_frame_alloc();
    assert_non_null(picture);
    picture->format = format;
    picture->width = width;
    picture->height = height;
    assert_int_equal(av_frame_get_buffer(picture, 64), 0);
    const uint8_t *end = picture->buf[0]->data + picture->buf[0]->size;
    for (int i = 0; i < 3; i++) { /* the planes follow each other */
        memset(picture->data[i], samples[i], (size_t)(end - picture->data[i]));
    }
    return picture;
}

static struct frame *take(AVFrame *picture, uint32_t width, uint32_t height) {
    struct frame *frame = NULL;
    assert_int_equal(url_picture_take(pool, &scaler, picture, width, height, &frame), ERR_OK);
    av_frame_free(&picture);
    return frame;
}

static void assert_all(const uint8_t *samples, size_t count, uint8_t value, uint8_t tolerance) {
    for (size_t i = 0; i < count; i++) {
        assert_in_range(samples[i], value - tolerance, value + tolerance);
    }
}

static void planes_are_taken_as_they_are(void **state) {
    (void)state;
    const uint8_t samples[] = {100, 90, 200};
    struct frame *frame = take(make_picture(AV_PIX_FMT_YUV420P, WIDTH + 1, HEIGHT + 1, samples), 0, 0);
    const size_t luma = (WIDTH + 1) * (HEIGHT + 1), chroma = (WIDTH / 2 + 1) * (HEIGHT / 2 + 1);
    assert_int_equal(frame_info(frame)->format, FRAME_I420);
    assert_int_equal(frame_info(frame)->width_px, WIDTH + 1);
    assert_int_equal(frame_payload(frame).count, luma + 2 * chroma);
    assert_all(frame_payload(frame).bytes, luma, 100, 0);
    assert_all(frame_payload(frame).bytes + luma, chroma, 90, 0);
    assert_all(frame_payload(frame).bytes + luma + chroma, chroma, 200, 0);
    frame_unref(&frame);
}

static void range_is_told_to_the_encoder(void **state) {
    (void)state;
    const uint8_t samples[] = {100, 128, 128};
    AVFrame *said = make_picture(AV_PIX_FMT_YUV420P, WIDTH, HEIGHT, samples);
    said->color_range = AVCOL_RANGE_JPEG;
    const struct {
        AVFrame *picture;
        bool limited;
    } cases[] = {
        {make_picture(AV_PIX_FMT_YUV420P, WIDTH, HEIGHT, samples), true},
        {make_picture(AV_PIX_FMT_YUVJ420P, WIDTH, HEIGHT, samples), false},
        {said, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct frame *frame = take(cases[i].picture, 0, 0);
        assert_int_equal(frame_info(frame)->limited_range, cases[i].limited);
        frame_unref(&frame);
    }
}

static void other_formats_are_converted_to_full_range(void **state) {
    (void)state;
    const uint8_t white[] = {235, 128, 128};
    struct frame *frame = take(make_picture(AV_PIX_FMT_YUV444P, WIDTH, HEIGHT, white), 0, 0);
    assert_int_equal(frame_info(frame)->format, FRAME_I420);
    assert_false(frame_info(frame)->limited_range);
    assert_all(frame_payload(frame).bytes, WIDTH * HEIGHT, 253, 2);
    frame_unref(&frame);
}

static void size_that_is_asked_for_keeps_the_shape(void **state) {
    (void)state;
    const uint8_t samples[] = {100, 128, 128};
    const struct {
        uint32_t asked_width, asked_height, width, height;
    } cases[] = {{64, 0, 64, 36}, {0, 36, 64, 36}, {64, 64, 64, 64}, {1, 0, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct frame *frame =
            take(make_picture(AV_PIX_FMT_YUV420P, 128, 72, samples), cases[i].asked_width, cases[i].asked_height);
        assert_int_equal(frame_info(frame)->width_px, cases[i].width);
        assert_int_equal(frame_info(frame)->height_px, cases[i].height);
        frame_unref(&frame);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(planes_are_taken_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(range_is_told_to_the_encoder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_formats_are_converted_to_full_range, set_up, tear_down),
        cmocka_unit_test_setup_teardown(size_that_is_asked_for_keeps_the_shape, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
