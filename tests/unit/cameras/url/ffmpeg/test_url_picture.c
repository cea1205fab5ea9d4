#include "cameras/url/ffmpeg/url_picture.h"

#include "cameras/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/display.h>
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
    for (int i = 0; i < 3 && picture->data[i] != NULL; i++) { /* the planes follow each other */
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

static void assert_planes(const struct frame *frame, size_t luma, size_t chroma, const uint8_t samples[3]) {
    const uint8_t *bytes = frame_payload(frame).bytes;
    assert_int_equal(frame_payload(frame).count, luma + 2 * chroma);
    assert_all(bytes, luma, samples[0], 1);
    assert_all(bytes + luma, chroma, samples[1], 1);
    assert_all(bytes + luma + chroma, chroma, samples[2], 1);
}

/* Green (40, 200, 40), as each colour space has it, and as BT.601 does, which JPEG has. */
static const struct {
    enum AVColorSpace space;
    uint8_t full[3], limited[3];
} greens[] = {
    {AVCOL_SPC_SMPTE170M, {134, 75, 61}, {131, 81, 69}},
    {AVCOL_SPC_BT709, {154, 66, 55}, {149, 74, 64}},
    {AVCOL_SPC_BT2020_NCL, {148, 70, 54}, {144, 77, 63}},
    {AVCOL_SPC_SMPTE240M, {152, 67, 57}, {147, 74, 65}},
};
#define GREEN_COUNT (sizeof greens / sizeof greens[0])

static void colours_become_bt601(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * GREEN_COUNT; i++) {
        const bool is_full = i % 2 == 0;
        AVFrame *picture = make_picture(AV_PIX_FMT_YUV420P, WIDTH + 1, HEIGHT + 1,
                                        is_full ? greens[i / 2].full : greens[i / 2].limited);
        picture->color_range = is_full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
        picture->colorspace = greens[i / 2].space;
        struct frame *frame = take(picture, 0, 0);
        assert_int_equal(frame_info(frame)->limited_range, !is_full);
        assert_planes(frame, (WIDTH + 1) * (HEIGHT + 1), (WIDTH / 2 + 1) * (HEIGHT / 2 + 1),
                      is_full ? greens[0].full : greens[0].limited);
        frame_unref(&frame);
    }
}

static void colours_of_scaled_pictures_become_bt601(void **state) {
    (void)state;
    for (size_t i = 0; i < GREEN_COUNT; i++) {
        AVFrame *picture = make_picture(AV_PIX_FMT_YUV420P, WIDTH, HEIGHT, greens[i].limited);
        picture->colorspace = greens[i].space;
        struct frame *frame = take(picture, 2 * WIDTH, 2 * HEIGHT);
        assert_false(frame_info(frame)->limited_range);
        assert_planes(frame, 4 * WIDTH * HEIGHT, WIDTH * HEIGHT, greens[0].full);
        frame_unref(&frame);
    }
}

static void colours_of_ten_bits_become_bt601(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * GREEN_COUNT; i++) {
        const bool is_full = i % 2 == 0;
        const uint8_t *from = is_full ? greens[i / 2].full : greens[i / 2].limited;
        AVFrame *picture = make_picture(AV_PIX_FMT_YUV420P10, WIDTH, HEIGHT, from);
        for (int plane = 0; plane < 3; plane++) {
            const int divisor = plane == 0 ? 1 : 2;
            for (int y = 0; y < HEIGHT / divisor; y++) {
                uint16_t *row = (uint16_t *)(void *)(picture->data[plane] + y * picture->linesize[plane]);
                for (int x = 0; x < WIDTH / divisor; x++) {
                    row[x] = (uint16_t)(is_full ? (1023 * from[plane] + 127) / 255 : from[plane] * 4);
                }
            }
        }
        picture->color_range = is_full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
        picture->colorspace = greens[i / 2].space;
        struct frame *frame = take(picture, 0, 0);
        assert_int_equal(frame_info(frame)->format, FRAME_I420);
        assert_int_equal(frame_info(frame)->limited_range, !is_full);
        assert_planes(frame, WIDTH * HEIGHT, WIDTH * HEIGHT / 4, is_full ? greens[0].full : greens[0].limited);
        frame_unref(&frame);
    }
}

static void colours_of_interleaved_chroma_become_bt601(void **state) {
    (void)state;
    for (size_t i = 0; i < GREEN_COUNT; i++) {
        AVFrame *picture = make_picture(AV_PIX_FMT_NV12, WIDTH, HEIGHT, greens[i].limited);
        for (int y = 0; y < HEIGHT / 2; y++) {
            for (int x = 0; x < WIDTH; x++) {
                picture->data[1][y * picture->linesize[1] + x] = greens[i].limited[1 + x % 2];
            }
        }
        picture->colorspace = greens[i].space;
        struct frame *frame = take(picture, 0, 0);
        assert_int_equal(frame_info(frame)->format, FRAME_NV12);
        const uint8_t *samples = frame_payload(frame).bytes;
        assert_all(samples, WIDTH * HEIGHT, greens[0].limited[0], 1);
        for (size_t x = 0; x < WIDTH * HEIGHT / 2; x++) {
            assert_all(samples + WIDTH * HEIGHT + x, 1, greens[0].limited[1 + x % 2], 1);
        }
        frame_unref(&frame);
    }
}

static void pixels_are_made_square(void **state) {
    (void)state;
    const uint8_t samples[] = {100, 128, 128};
    const struct {
        AVRational ratio;
        uint32_t asked_width, width, height;
    } cases[] = {
        {{2, 1}, 0, 256, 72},  {{16, 11}, 0, 186, 72}, {{1, 2}, 0, 64, 72},
        {{2, 1}, 64, 64, 36},  {{0, 1}, 0, 128, 72},   {{60, 1}, 0, CAMERA_WIDTH_MAX_PX, 36},
        {{1, 1000}, 0, 1, 72},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AVFrame *picture = make_picture(AV_PIX_FMT_YUV420P, 128, 72, samples);
        picture->sample_aspect_ratio = cases[i].ratio;
        const bool as_stored = cases[i].asked_width == 0 && cases[i].width == 128 && cases[i].height == 72;
        assert_int_equal(url_picture_is_shown_as_stored(cases[i].ratio, NULL, 0) && cases[i].asked_width == 0,
                         as_stored);
        struct frame *frame = take(picture, cases[i].asked_width, 0);
        assert_int_equal(frame_info(frame)->width_px, cases[i].width);
        assert_int_equal(frame_info(frame)->height_px, cases[i].height);
        frame_unref(&frame);
    }
}

/* A picture whose first sample differs from the others; where that goes to. */
static void pictures_are_turned_by_the_display_matrix(void **state) {
    (void)state;
    const uint8_t samples[] = {16, 128, 128};
    const struct {
        double degrees; /* clockwise */
        bool mirrored;  /* left to right, after the turn */
        uint32_t asked_width, width, height;
        size_t x, y;
    } cases[] = {
        {0, false, 0, WIDTH, HEIGHT, 0, 0},
        {90, false, 0, HEIGHT, WIDTH, HEIGHT - 1, 0},
        {180, false, 0, WIDTH, HEIGHT, WIDTH - 1, HEIGHT - 1},
        {270, false, 0, HEIGHT, WIDTH, 0, WIDTH - 1},
        {0, true, 0, WIDTH, HEIGHT, WIDTH - 1, 0},
        {90, true, 0, HEIGHT, WIDTH, 0, 0},
        {90, false, WIDTH, WIDTH, HEIGHT, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AVFrame *picture = make_picture(AV_PIX_FMT_YUV420P, WIDTH, HEIGHT, samples);
        picture->data[0][0] = 235;
        AVFrameSideData *side = av_frame_new_side_data(picture, AV_FRAME_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
        assert_non_null(side);
        int32_t matrix[9];
        av_display_rotation_set(matrix, cases[i].degrees);
        av_display_matrix_flip(matrix, cases[i].mirrored, 0);
        memcpy(side->data, matrix, sizeof matrix);
        assert_int_equal(url_picture_is_shown_as_stored((AVRational){1, 1}, side->data, side->size), i == 0);
        assert_true(url_picture_is_shown_as_stored((AVRational){1, 1}, side->data, side->size - 1));
        struct frame *frame = take(picture, cases[i].asked_width, 0);
        const uint32_t width = frame_info(frame)->width_px;
        assert_int_equal(width, cases[i].width);
        assert_int_equal(frame_info(frame)->height_px, cases[i].height);
        assert_in_range(frame_payload(frame).bytes[cases[i].y * width + cases[i].x], 235, 255);
        frame_unref(&frame);
    }
}

static void encoder_gets_the_range(void **state) {
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
        cmocka_unit_test_setup_teardown(colours_become_bt601, set_up, tear_down),
        cmocka_unit_test_setup_teardown(colours_of_scaled_pictures_become_bt601, set_up, tear_down),
        cmocka_unit_test_setup_teardown(colours_of_ten_bits_become_bt601, set_up, tear_down),
        cmocka_unit_test_setup_teardown(colours_of_interleaved_chroma_become_bt601, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pixels_are_made_square, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pictures_are_turned_by_the_display_matrix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(encoder_gets_the_range, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_formats_are_converted_to_full_range, set_up, tear_down),
        cmocka_unit_test_setup_teardown(size_that_is_asked_for_keeps_the_shape, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
