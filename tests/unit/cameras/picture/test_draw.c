#include "cameras/picture/draw.h"
#include "cameras/picture/font.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

static const struct colour black = {0, 128, 128};
static const struct colour red = {76, 85, 255};

static struct frame_pool *pool;
static struct font *font;

static int create_all(void **state) {
    (void)state;
    return frame_pool_create(&pool) != ERR_OK || font_create(20, &font) != ERR_OK;
}

static int destroy_all(void **state) {
    (void)state;
    font_destroy(&font);
    frame_pool_destroy(&pool);
    return 0;
}

static struct frame *black_picture(uint32_t width, uint32_t height, struct canvas *canvas) {
    struct frame *frame;
    assert_int_equal(canvas_create(pool, width, height, &frame, canvas), ERR_OK);
    draw_box(canvas, 0, 0, (int)width, (int)height, black);
    return frame;
}

/* Pixels brighter than black in the columns from left to right. */
static size_t lit(const struct canvas *canvas, uint32_t left, uint32_t right) {
    size_t count = 0;
    for (uint32_t y = 0; y < canvas->height_px; y++) {
        for (uint32_t x = left; x < right; x++) {
            count += canvas->planes[0].samples[y * canvas->width_px + x] > 0 ? 1 : 0;
        }
    }
    return count;
}

/* Whether two texts make the same picture. */
static bool look_alike(const char *a, const char *b) {
    struct canvas canvas_a;
    struct canvas canvas_b;
    struct frame *frame_a = black_picture(200, 40, &canvas_a);
    struct frame *frame_b = black_picture(200, 40, &canvas_b);
    draw_text(&canvas_a, font, 4, 4, a, SIZE_MAX, red);
    draw_text(&canvas_b, font, 4, 4, b, SIZE_MAX, red);
    assert_true(lit(&canvas_a, 0, 200) > 0);
    bool same = memcmp(canvas_a.planes[0].samples, canvas_b.planes[0].samples, (size_t)200 * 40) == 0;
    frame_unref(&frame_a);
    frame_unref(&frame_b);
    return same;
}

static void primary_colours_have_the_values_of_jfif(void **state) {
    (void)state;
    struct colour colour = colour_from_rgb(255, 0, 0);
    assert_int_equal(colour.y, 76);
    assert_int_equal(colour.cb, 85);
    assert_int_equal(colour.cr, 255);
    colour = colour_from_rgb(255, 255, 255);
    assert_int_equal(colour.y, 255);
    assert_int_equal(colour.cb, 128);
    assert_int_equal(colour.cr, 128);
    colour = colour_from_hsv(240, 1, 1);
    assert_int_equal(colour.y, 29);
    assert_int_equal(colour.cb, 255);
    assert_int_equal(colour.cr, 107);
}

static void odd_sizes_round_chroma_up(void **state) {
    (void)state;
    struct canvas canvas;
    struct frame *frame = black_picture(17, 19, &canvas);
    assert_int_equal(frame_payload(frame).count, 17 * 19 + 2 * 9 * 10);
    assert_int_equal(frame_info(frame)->format, FRAME_I420);
    assert_int_equal(frame_info(frame)->width_px, 17);
    assert_int_equal(frame_info(frame)->height_px, 19);
    assert_int_equal(canvas.planes[2].samples[9 * 10 - 1], 128);
    frame_unref(&frame);
}

static void box_fills_exactly_its_pixels(void **state) {
    (void)state;
    struct canvas canvas;
    struct frame *frame = black_picture(16, 16, &canvas);
    draw_box(&canvas, 4, 6, 8, 2, red);
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 16; x++) {
            bool inside = x >= 4 && x < 12 && y >= 6 && y < 8;
            assert_int_equal(canvas.planes[0].samples[y * 16 + x], inside ? red.y : 0);
            assert_int_equal(canvas.planes[2].samples[y / 2 * 8 + x / 2], inside ? red.cr : 128);
        }
    }
    frame_unref(&frame);
}

static void shapes_outside_the_picture_are_clipped(void **state) {
    (void)state;
    struct mask disc;
    assert_int_equal(mask_create_disc(9, &disc), ERR_OK);
    struct canvas canvas;
    struct frame *frame = black_picture(15, 15, &canvas);
    static const int beyond[] = {-100, -9, 15, 100};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        draw_box(&canvas, beyond[i], 3, 9, 9, red);
        draw_box(&canvas, 3, beyond[i], 9, 9, red);
        draw_mask(&canvas, &disc, beyond[i], 3, red);
        draw_mask(&canvas, &disc, 3, beyond[i], red);
    }
    assert_int_equal(lit(&canvas, 0, 15), 0);
    draw_mask(&canvas, &disc, -5, -5, red);
    draw_mask(&canvas, &disc, 11, 11, red);
    assert_int_equal(canvas.planes[0].samples[0], red.y);
    assert_int_equal(canvas.planes[0].samples[15 * 15 - 1], red.y);
    draw_box(&canvas, -5, -5, 100, 100, red);
    assert_int_equal(lit(&canvas, 0, 15), 15 * 15);
    mask_finish(&disc);
    frame_unref(&frame);
}

static void mask_blends_by_its_coverage(void **state) {
    (void)state;
    uint8_t coverage[] = {0, 51, 102, 255};
    struct mask mask = {4, 1, coverage};
    struct canvas canvas;
    struct frame *frame = black_picture(4, 2, &canvas);
    draw_mask(&canvas, &mask, 0, 0, (struct colour){200, 128, 228});
    assert_int_equal(canvas.planes[0].samples[0], 0);
    assert_int_equal(canvas.planes[0].samples[1], 40);
    assert_int_equal(canvas.planes[0].samples[2], 80);
    assert_int_equal(canvas.planes[0].samples[3], 200);
    assert_int_equal(canvas.planes[0].samples[4], 0);
    assert_int_equal(canvas.planes[2].samples[0], 133);
    assert_int_equal(canvas.planes[2].samples[1], 163);
    frame_unref(&frame);
}

static void text_keeps_to_the_width_that_is_told(void **state) {
    (void)state;
    struct canvas canvas;
    struct frame *frame = black_picture(300, 40, &canvas);
    int width = font_text_width(font, "Front door", SIZE_MAX);
    assert_in_range(width, 100, 140);
    assert_int_equal(font_text_width(font, "Front door", 5), width / 2);
    draw_text(&canvas, font, 50, 5, "Front door", SIZE_MAX, red);
    assert_int_equal(lit(&canvas, 0, 49), 0);
    assert_int_equal(lit(&canvas, 51 + (uint32_t)width, 300), 0);
    assert_true(lit(&canvas, 50, 50 + (uint32_t)width) > 300);
    frame_unref(&frame);
}

static void long_text_ends_in_an_ellipsis(void **state) {
    (void)state;
    struct canvas within;
    struct canvas expected;
    struct frame *frame = black_picture(300, 40, &within);
    struct frame *other = black_picture(300, 40, &expected);
    int width = font_text_width(font, "Front garden", SIZE_MAX);
    draw_text_within(&within, font, 0, 0, width, "Front garden, left", red);
    draw_text(&expected, font, 0, 0, "Front garde\u2026", SIZE_MAX, red);
    assert_memory_equal(within.planes[0].samples, expected.planes[0].samples, (size_t)300 * 40);
    frame_unref(&frame);
    frame_unref(&other);
}

static void fitting_never_splits_a_character(void **state) {
    (void)state;
    const char *text = "\u00fc\u20ac\u00df"; /* of 2, 3 and 2 bytes */
    int one = font_text_width(font, "x", SIZE_MAX);
    assert_int_equal(font_fit(font, text, one - 1), 0);
    assert_int_equal(font_fit(font, text, one), 2);
    assert_int_equal(font_fit(font, text, 3 * one - 1), 5);
    assert_int_equal(font_fit(font, text, 100 * one), 7);
}

static void bad_utf8_shows_as_replacement_characters(void **state) {
    (void)state;
    assert_true(look_alike("a\xff", "a\ufffd"));
    assert_true(look_alike("\x80z", "\ufffdz"));
    assert_true(look_alike("\xc3(", "\ufffd("));           /* cut short */
    assert_true(look_alike("\xe2\x82", "\ufffd"));         /* by the end */
    assert_true(look_alike("\xc0\xaf", "\ufffd\ufffd"));   /* overlong */
    assert_true(look_alike("\xe0\x80\xaf", "\ufffd"));     /* overlong */
    assert_true(look_alike("\xed\xa0\x80", "\ufffd"));     /* a surrogate */
    assert_true(look_alike("\xf4\x90\x80\x80", "\ufffd")); /* beyond Unicode */
    assert_false(look_alike("\ufffd", "?"));
    assert_false(look_alike("\u00e9", "\ufffd"));
}

/* 0x41 + 512 falls on the place of A in the glyph cache. */
static void glyphs_that_share_a_place_in_the_cache_stay_apart(void **state) {
    (void)state;
    assert_false(look_alike("A", "\u0241"));
    assert_true(look_alike("A", "A"));
    assert_true(look_alike("A\u0241A", "A\u0241A"));
}

static void missing_glyph_takes_the_room_of_a_character(void **state) {
    (void)state;
    assert_int_equal(font_text_width(font, "\U000e0fff", SIZE_MAX), font_text_width(font, "x", SIZE_MAX));
    assert_false(look_alike("\U000e0fff", "x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primary_colours_have_the_values_of_jfif),
        cmocka_unit_test(odd_sizes_round_chroma_up),
        cmocka_unit_test(box_fills_exactly_its_pixels),
        cmocka_unit_test(shapes_outside_the_picture_are_clipped),
        cmocka_unit_test(mask_blends_by_its_coverage),
        cmocka_unit_test(text_keeps_to_the_width_that_is_told),
        cmocka_unit_test(long_text_ends_in_an_ellipsis),
        cmocka_unit_test(fitting_never_splits_a_character),
        cmocka_unit_test(bad_utf8_shows_as_replacement_characters),
        cmocka_unit_test(glyphs_that_share_a_place_in_the_cache_stay_apart),
        cmocka_unit_test(missing_glyph_takes_the_room_of_a_character),
    };
    return cmocka_run_group_tests(tests, create_all, destroy_all);
}
