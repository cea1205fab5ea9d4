#include "cameras/filter/jpeg_filter.h"

#include "cameras/filter/turn.h"
#include "tests/unit/cameras/filter/jpeg_filter_fixture.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_turn_puts_every_pixel_in_its_place),
        cmocka_unit_test(four_quarter_turns_give_the_same_blocks),
        cmocka_unit_test(orientation_is_done_once_and_before_the_rest),
        cmocka_unit_test(fast_mode_keeps_every_row),
        cmocka_unit_test(picture_smaller_than_a_unit_is_turned_in_fast_mode_only),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
