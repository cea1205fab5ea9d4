#include "broker/multipart/jpeg_walk.h"

#include "tests/unit/broker/multipart/tiny_jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The same result, whatever chunks the bytes come in; each chunk is of its own memory, so that AddressSanitizer sees a
 * read behind it. */
static struct jpeg_walk walk_bytes(const char *bytes, size_t count) {
    struct jpeg_walk first = {0};
    for (size_t step = 1; step < 12; step++) {
        struct jpeg_walk walk = {0};
        for (size_t at = 0; at < count; at += step) {
            size_t chunk = count - at < step ? count - at : step;
            uint8_t *copy = malloc(chunk);
            assert_non_null(copy);
            memcpy(copy, bytes + at, chunk);
            enum jpeg_walk_state state = jpeg_walk_feed(&walk, copy, chunk);
            assert_int_equal(state, walk.state);
            free(copy);
        }
        first = step == 1 ? walk : first;
        assert_int_equal(walk.state, first.state);
        assert_int_equal(walk.walked_bytes, first.walked_bytes);
        assert_int_equal(walk.leading_bytes, first.leading_bytes);
    }
    struct jpeg_walk whole = {0};
    assert_int_equal(jpeg_walk_feed(&whole, (const uint8_t *)bytes, count), first.state);
    assert_int_equal(whole.walked_bytes, first.walked_bytes);
    return first;
}

#define WALK(text) walk_bytes(text, sizeof(text) - 1)

static void picture_ends_at_its_end(void **state) {
    (void)state;
    struct jpeg_walk walk = WALK(TINY_JPEG "\r\n--T\r\n" TINY_JPEG);
    assert_int_equal(walk.state, JPEG_WALK_ENDED);
    assert_int_equal(walk.walked_bytes, TINY_JPEG_BYTES);
    assert_int_equal(walk.leading_bytes, 0);
}

static void each_part_of_a_picture_goes_on(void **state) {
    (void)state;
    for (size_t count = 0; count < TINY_JPEG_BYTES; count++) {
        assert_int_equal(walk_bytes(TINY_JPEG, count).state, JPEG_WALK_MORE);
    }
}

static void line_ends_before_it_are_counted(void **state) {
    (void)state;
    struct jpeg_walk walk = WALK("\r\n\n" TINY_JPEG);
    assert_int_equal(walk.state, JPEG_WALK_ENDED);
    assert_int_equal(walk.leading_bytes, 3);
    assert_int_equal(walk.walked_bytes, 3 + TINY_JPEG_BYTES);
    assert_int_equal(WALK("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n" TINY_JPEG).state, JPEG_WALK_ALIEN);
}

static void what_is_no_picture_is_alien(void **state) {
    (void)state;
    assert_int_equal(WALK("abc").state, JPEG_WALK_ALIEN);
    assert_int_equal(WALK("\xff\xd9").state, JPEG_WALK_ALIEN);
    assert_int_equal(WALK("\xff\xd8text").state, JPEG_WALK_ALIEN);
}

static void picture_that_begins_in_another_breaks_it(void **state) {
    (void)state;
    assert_int_equal(WALK("\xff\xd8\xff\xda\x00\x02"
                          "data\r\n--T\r\n\r\n" TINY_JPEG)
                         .state,
                     JPEG_WALK_BROKEN);
    assert_int_equal(WALK("\xff\xd8\xff\xd8").state, JPEG_WALK_BROKEN);
    assert_int_equal(WALK("\xff\xd8\xff\xe0\x00\x03zzz").state, JPEG_WALK_BROKEN);
    assert_int_equal(WALK("\xff\xd8\xff\xe0\x00\x01").state, JPEG_WALK_BROKEN);
    assert_int_equal(WALK("\xff\xd8\xff\xd3").state, JPEG_WALK_BROKEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picture_ends_at_its_end),
        cmocka_unit_test(each_part_of_a_picture_goes_on),
        cmocka_unit_test(line_ends_before_it_are_counted),
        cmocka_unit_test(what_is_no_picture_is_alien),
        cmocka_unit_test(picture_that_begins_in_another_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
