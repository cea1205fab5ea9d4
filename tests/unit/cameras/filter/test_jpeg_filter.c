#include "cameras/filter/jpeg_filter.h"

#include "tests/unit/cameras/filter/jpeg_filter_fixture.h"

#include <math.h>

/* ---- Masks ---- */

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
        cmocka_unit_test(caption_changes_only_the_blocks_below_it),
        cmocka_unit_test(work_ends_at_its_limit),
        cmocka_unit_test(damaged_picture_is_refused_and_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
