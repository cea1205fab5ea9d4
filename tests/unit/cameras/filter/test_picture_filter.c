#include "cameras/filter/picture_filter.h"

#include "cameras/picture/draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 6
#define HEIGHT 4

static struct frame_pool *pool;

static int set_up(void **state) {
    (void)state;
    return frame_pool_create(&pool) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    frame_pool_destroy(&pool);
    return 0;
}

/* The value of each sample is its place: 16 * y + x. Chroma likewise. */
static struct frame *make_raw(enum frame_format format) {
    const bool packed = format == FRAME_YUYV;
    struct frame *raw;
    assert_int_equal(frame_create(pool, (size_t)WIDTH * HEIGHT * 2, &raw), ERR_OK);
    uint8_t *data = frame_data(raw);
    for (size_t y = 0; y < HEIGHT; y++) {
        for (size_t x = 0; x < WIDTH; x++) {
            if (packed) {
                data[2 * (y * WIDTH + x)] = (uint8_t)(16 * y + x);
                data[2 * (y * WIDTH + x) + 1] = (uint8_t)((x % 2 == 0 ? 100 : 200) + 16 * (y / 2) + x / 2);
            } else {
                data[y * WIDTH + x] = (uint8_t)(16 * y + x);
            }
        }
    }
    frame_set_size(raw, (size_t)WIDTH * HEIGHT * (packed ? 2 : 1));
    *frame_edit_info(raw) = (struct frame_info){
        .width_px = WIDTH, .height_px = HEIGHT, .format = format, .sequence = 7, .captured_realtime_ns = 1};
    return raw;
}

static struct frame *apply(const struct picture_filter_settings *settings, struct frame *raw) {
    struct picture_filter *filter;
    assert_int_equal(picture_filter_create(pool, settings, "Front door", &filter), ERR_OK);
    assert_int_equal(picture_filter_apply(filter, &raw), ERR_OK);
    picture_filter_destroy(&filter);
    return raw;
}

static void each_way_to_turn_and_flip_puts_the_corners_right(void **state) {
    (void)state;
    enum {
        TOP_LEFT = 0,
        TOP_RIGHT = WIDTH - 1,
        BOTTOM_LEFT = 16 * (HEIGHT - 1),
        BOTTOM_RIGHT = 16 * (HEIGHT - 1) + WIDTH - 1
    };
    static const struct {
        struct picture_filter_settings settings;
        uint8_t corners[3]; /* top left, top right, bottom left of the result */
    } cases[] = {
        {{.turn_degrees = 90}, {BOTTOM_LEFT, TOP_LEFT, BOTTOM_RIGHT}},
        {{.turn_degrees = 180}, {BOTTOM_RIGHT, BOTTOM_LEFT, TOP_RIGHT}},
        {{.turn_degrees = 270}, {TOP_RIGHT, BOTTOM_RIGHT, TOP_LEFT}},
        {{.flip = FLIP_HORIZONTAL}, {TOP_RIGHT, TOP_LEFT, BOTTOM_RIGHT}},
        {{.flip = FLIP_VERTICAL}, {BOTTOM_LEFT, BOTTOM_RIGHT, TOP_LEFT}},
        {{.turn_degrees = 90, .flip = FLIP_HORIZONTAL}, {TOP_LEFT, BOTTOM_LEFT, TOP_RIGHT}},
        {{.turn_degrees = 180, .flip = FLIP_BOTH}, {TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct frame *turned = apply(&cases[i].settings, make_raw(FRAME_GREY));
        const struct frame_info *info = frame_info(turned);
        bool on_its_side = cases[i].settings.turn_degrees % 180 != 0;
        assert_int_equal(info->width_px, on_its_side ? HEIGHT : WIDTH);
        assert_int_equal(info->height_px, on_its_side ? WIDTH : HEIGHT);
        assert_int_equal(info->sequence, 7);
        const uint8_t *samples = frame_payload(turned).bytes;
        assert_int_equal(samples[0], cases[i].corners[0]);
        assert_int_equal(samples[info->width_px - 1], cases[i].corners[1]);
        assert_int_equal(samples[(size_t)(info->height_px - 1) * info->width_px], cases[i].corners[2]);
        frame_unref(&turned);
    }
}

static void colour_turns_with_the_picture(void **state) {
    (void)state;
    struct frame *turned = apply(&(struct picture_filter_settings){.turn_degrees = 90}, make_raw(FRAME_YUYV));
    assert_int_equal(frame_info(turned)->format, FRAME_I420);
    const uint8_t *cb = frame_payload(turned).bytes + WIDTH * HEIGHT;
    const uint8_t *cr = cb + WIDTH * HEIGHT / 4;
    /* Two by three samples: the lower row has come to the left. */
    static const uint8_t expected[] = {16, 0, 17, 1, 18, 2};
    for (size_t i = 0; i < sizeof expected; i++) {
        assert_int_equal(cb[i], 100 + expected[i]);
        assert_int_equal(cr[i], 200 + expected[i]);
    }
    frame_unref(&turned);
}

static void large_picture_is_turned_in_blocks(void **state) {
    (void)state;
    enum { SIDE = 200 };
    struct frame *raw;
    assert_int_equal(frame_create(pool, (size_t)SIDE * SIDE, &raw), ERR_OK);
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
        frame_data(raw)[i] = (uint8_t)(i * i % 251);
    }
    frame_set_size(raw, (size_t)SIDE * SIDE);
    *frame_edit_info(raw) = (struct frame_info){.width_px = SIDE, .height_px = SIDE, .format = FRAME_GREY};
    struct frame *turned = apply(&(struct picture_filter_settings){.turn_degrees = 90}, frame_ref(raw));
    for (size_t y = 0; y < SIDE; y++) {
        for (size_t x = 0; x < SIDE; x++) {
            assert_int_equal(frame_payload(turned).bytes[x * SIDE + SIDE - 1 - y], frame_data(raw)[y * SIDE + x]);
        }
    }
    frame_unref(&turned);
    frame_unref(&raw);
}

static void timestamp_is_written_into_any_format(void **state) {
    (void)state;
    static const enum frame_format formats[] = {FRAME_I420, FRAME_NV12, FRAME_YUYV, FRAME_UYVY, FRAME_GREY};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct frame *raw;
        const size_t size = (size_t)400 * 100 * 2;
        assert_int_equal(frame_create(pool, size, &raw), ERR_OK);
        memset(frame_data(raw), 128, size);
        frame_set_size(raw, size);
        *frame_edit_info(raw) = (struct frame_info){.width_px = 400, .height_px = 100, .format = formats[i]};
        raw = apply(&(struct picture_filter_settings){.caption.is_shown = true}, raw);
        assert_int_equal(frame_info(raw)->format, formats[i]);
        struct canvas canvas;
        assert_int_equal(canvas_over(raw, &canvas), ERR_OK);
        unsigned dark = 0, bright = 0;
        for (int y = 0; y < 100; y++) {
            for (int x = 0; x < 400; x++) {
                uint8_t luma = canvas.planes[0].samples[y * canvas.planes[0].stride + x * canvas.planes[0].step];
                dark += luma < 20;
                bright += luma > 235;
                assert_true(y < 20 || luma == 128); /* only a line at the top */
            }
        }
        assert_true(dark > 500 && bright > 100);
        frame_unref(&raw);
    }
}

static void nothing_to_do_is_known(void **state) {
    (void)state;
    assert_false(picture_filter_is_wanted(&(struct picture_filter_settings){.turn_degrees = 0}));
    assert_true(picture_filter_is_wanted(&(struct picture_filter_settings){.caption.is_shown = true}));
    assert_true(picture_filter_is_wanted(&(struct picture_filter_settings){.flip = FLIP_VERTICAL}));
}

static void broken_picture_is_refused(void **state) {
    (void)state;
    struct frame *raw = make_raw(FRAME_YUYV);
    frame_set_size(raw, 10);
    struct picture_filter *filter;
    const struct picture_filter_settings settings = {.turn_degrees = 90, .caption.is_shown = true};
    assert_int_equal(picture_filter_create(pool, &settings, "", &filter), ERR_OK);
    assert_int_equal(picture_filter_apply(filter, &raw), ERR_INVALID);
    assert_non_null(raw);
    frame_unref(&raw);
    picture_filter_destroy(&filter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_turn_and_flip_puts_the_corners_right),
        cmocka_unit_test(colour_turns_with_the_picture),
        cmocka_unit_test(large_picture_is_turned_in_blocks),
        cmocka_unit_test(timestamp_is_written_into_any_format),
        cmocka_unit_test(nothing_to_do_is_known),
        cmocka_unit_test(broken_picture_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
