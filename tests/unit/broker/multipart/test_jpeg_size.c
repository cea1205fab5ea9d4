#include "broker/multipart/jpeg_size.h"

#include "tests/unit/support.h"

#define SPAN(array) ((struct span){array, sizeof(array)})
#define SOI 0xff, 0xd8
#define APP0 0xff, 0xe0, 0, 4, 0xff, 0xc0
#define SOF(kind) 0xff, kind, 0, 11, 8, 0x01, 0x68, 0x02, 0x80, 1, 1, 0x11, 0

static void the_size_is_that_of_the_frame_header(void **state) {
    (void)state;
    static const uint8_t baseline[] = {SOI, APP0, SOF(0xc0)};
    static const uint8_t progressive[] = {SOI,         0xff, 0xc4, 0, 2, 0xff, 0xff, 0xff,
                                          0xff - 0x3d, 0,    11,   8, 1, 0x68, 2,    0x80};
    uint32_t width_px = 0, height_px = 0;
    assert_true(jpeg_size_find(SPAN(baseline), &width_px, &height_px));
    assert_int_equal(width_px, 640);
    assert_int_equal(height_px, 360);
    width_px = 0;
    assert_true(jpeg_size_find(SPAN(progressive), &width_px, &height_px));
    assert_int_equal(width_px, 640);
}

static void what_has_none_is_refused(void **state) {
    (void)state;
    static const uint8_t empty[] = {SOI, 0xff, 0xd9, 0, 0, 0, 0}, scan[] = {SOI, 0xff, 0xda, 0, 2, SOF(0xc0)},
                         no_lines[] = {SOI, 0xff, 0xc0, 0, 11, 8, 0, 0, 2, 0x80}, alien[] = {1, 2, 3, 4},
                         no_length[] = {SOI, 0xff, 0xe0, 0, 0, 0, 0};
    const struct span spans[] = {SPAN(empty), SPAN(scan), SPAN(no_lines), SPAN(alien), SPAN(no_length)};
    uint32_t width_px = 7, height_px = 7;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        for (size_t count = 0; count <= spans[i].count; count++) {
            assert_false(jpeg_size_find((struct span){spans[i].bytes, count}, &width_px, &height_px));
        }
    }
    assert_int_equal(width_px, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_is_that_of_the_frame_header),
        cmocka_unit_test(what_has_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
