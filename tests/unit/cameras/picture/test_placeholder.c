#include "cameras/picture/placeholder.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

static struct frame_pool *pool;

static int create_pool(void **state) {
    (void)state;
    return frame_pool_create(&pool) != ERR_OK;
}

static int destroy_pool(void **state) {
    (void)state;
    frame_pool_destroy(&pool);
    return 0;
}

static struct placeholder offline(uint32_t width, uint32_t height) {
    return (struct placeholder){
        .name = "Front door",
        .state = STATE_OFFLINE,
        .since_realtime_ns = 1767268984 * NS_PER_S,
        .error = "cannot open \"/dev/video0\": no such device",
        .width_px = width,
        .height_px = height,
    };
}

static struct frame *draw(const struct placeholder *placeholder) {
    struct frame *frame;
    assert_int_equal(placeholder_draw(pool, placeholder, &frame), ERR_OK);
    return frame;
}

static bool look_alike(const struct placeholder *a, const struct placeholder *b) {
    struct frame *frame_a = draw(a);
    struct frame *frame_b = draw(b);
    struct span payload_a = frame_payload(frame_a);
    struct span payload_b = frame_payload(frame_b);
    bool same = payload_a.count == payload_b.count && memcmp(payload_a.bytes, payload_b.bytes, payload_a.count) == 0;
    frame_unref(&frame_a);
    frame_unref(&frame_b);
    return same;
}

/* Rows of the left half that hold something bright, so that lines of text can be told from the background. */
static uint32_t bright_rows(const struct placeholder *placeholder) {
    struct frame *frame = draw(placeholder);
    const uint8_t *y = frame_payload(frame).bytes;
    uint32_t rows = 0;
    for (uint32_t row = 0; row < placeholder->height_px; row++) {
        bool bright = false;
        for (uint32_t x = 0; x < placeholder->width_px / 2; x++) {
            bright = bright || y[row * placeholder->width_px + x] > 90;
        }
        rows += bright ? 1 : 0;
    }
    frame_unref(&frame);
    return rows;
}

static void picture_has_the_size_format_and_state_that_was_asked_for(void **state) {
    (void)state;
    struct placeholder placeholder = offline(641, 359);
    int64_t before_ns = clock_monotonic_ns();
    struct frame *frame = draw(&placeholder);
    const struct frame_info *info = frame_info(frame);
    assert_int_equal(info->width_px, 641);
    assert_int_equal(info->height_px, 359);
    assert_int_equal(info->format, FRAME_I420);
    assert_int_equal(info->state, STATE_OFFLINE);
    assert_true(info->captured_monotonic_ns >= before_ns);
    assert_true(info->captured_realtime_ns > 0);
    assert_int_equal(frame_payload(frame).count, 641 * 359 + 2 * 321 * 180);
    frame_unref(&frame);
}

static void name_state_time_and_error_each_show(void **state) {
    (void)state;
    const struct placeholder base = offline(320, 180);
    assert_true(look_alike(&base, &base));
    struct placeholder other = base;
    other.name = "Back door";
    assert_false(look_alike(&base, &other));
    other = base;
    other.state = STATE_STALE;
    assert_false(look_alike(&base, &other));
    other = base;
    other.since_realtime_ns += 60 * NS_PER_S;
    assert_false(look_alike(&base, &other));
    other = base;
    other.error = "permission denied";
    assert_false(look_alike(&base, &other));
}

static void no_error_and_empty_error_look_alike(void **state) {
    (void)state;
    struct placeholder without = offline(320, 180);
    without.error = NULL;
    struct placeholder empty = offline(320, 180);
    empty.error = "";
    assert_true(look_alike(&without, &empty));
}

static void states_differ_in_colour(void **state) {
    (void)state;
    static const enum camera_state states[] = {STATE_IDLE, STATE_STARTING, STATE_STALE, STATE_OFFLINE};
    struct placeholder a = offline(320, 180);
    struct placeholder b = a;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++) {
            a.state = states[i];
            b.state = states[j];
            assert_false(look_alike(&a, &b));
        }
    }
}

static void long_error_takes_three_lines_at_most(void **state) {
    (void)state;
    char error[2000];
    memset(error, 'W', sizeof error - 1);
    error[sizeof error - 1] = '\0';
    struct placeholder endless = offline(640, 360);
    endless.error = error;
    struct placeholder three_lines = offline(640, 360);
    char short_error[141]; /* 47 or so of these fit a line */
    memset(short_error, 'W', sizeof short_error - 1);
    short_error[sizeof short_error - 1] = '\0';
    three_lines.error = short_error;
    assert_int_equal(bright_rows(&endless), bright_rows(&three_lines));
    assert_in_range(bright_rows(&endless), 100, 250);
}

static void any_size_and_any_text_can_be_drawn(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{16, 16}, {17, 3840}, {160, 120}, {3840, 16}, {3840, 2160}};
    static const char *const texts[] = {"", " ", "\xff\xfe", "a b c", "\u4e2d\u6587\u00fc", "                    x"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
            struct placeholder placeholder = offline(sizes[i][0], sizes[i][1]);
            placeholder.name = texts[j];
            placeholder.error = texts[j];
            struct frame *frame = draw(&placeholder);
            assert_int_equal(frame_info(frame)->width_px, sizes[i][0]);
            frame_unref(&frame);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picture_has_the_size_format_and_state_that_was_asked_for),
        cmocka_unit_test(name_state_time_and_error_each_show),
        cmocka_unit_test(no_error_and_empty_error_look_alike),
        cmocka_unit_test(states_differ_in_colour),
        cmocka_unit_test(long_error_takes_three_lines_at_most),
        cmocka_unit_test(any_size_and_any_text_can_be_drawn),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
