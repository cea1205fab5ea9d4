#include "cameras/picture/exif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* In memory of exactly its size, so that AddressSanitizer sees a read behind it. */
static uint8_t read_orientation(const void *segment, size_t count) {
    uint8_t *bytes = malloc(count > 0 ? count : 1);
    assert_non_null(bytes);
    memcpy(bytes, segment, count);
    const uint8_t orientation = exif_read_orientation((struct span){.bytes = bytes, .count = count});
    free(bytes);
    return orientation;
}

static void written_orientation_is_read(void **state) {
    (void)state;
    for (uint8_t orientation = 1; orientation <= 8; orientation++) {
        uint8_t segment[EXIF_ORIENTATION_BYTES];
        exif_write_orientation(segment, orientation);
        assert_int_equal(read_orientation(segment, sizeof segment), orientation);
        assert_int_equal(exif_is_sideways(orientation), orientation > 4);
    }
}

/* As many cameras write it: other tags come first, and the directory does not follow the header at once. */
static void either_byte_order_and_other_tags_are_read(void **state) {
    (void)state;
    static const char little[] = "Exif\0\0II*\0\x0A\0\0\0??"
                                 "\2\0\x0F\1\2\0\4\0\0\0abc\0\x12\1\3\0\1\0\0\0\x08\0??\0\0\0\0";
    static const char big[] = "Exif\0\0MM\0*\0\0\0\x0A??"
                              "\0\2\1\x0F\0\2\0\0\0\4abc\0\1\x12\0\3\0\0\0\1\0\x03??\0\0\0\0";
    assert_int_equal(read_orientation(little, sizeof little - 1), 8);
    assert_int_equal(read_orientation(big, sizeof big - 1), 3);
}

static void damaged_segments_state_nothing(void **state) {
    (void)state;
    uint8_t segment[EXIF_ORIENTATION_BYTES];
    exif_write_orientation(segment, 6);
    for (size_t count = 0; count < 28; count++) {
        assert_int_equal(read_orientation(segment, count), 0);
    }
    for (size_t at = 0; at < 20; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t damaged[sizeof segment];
            memcpy(damaged, segment, sizeof segment);
            damaged[at] = (uint8_t)value;
            assert_in_range(read_orientation(damaged, sizeof damaged), 0, 8);
        }
    }
    static const uint8_t outside[] = {0, 9, 255};
    for (size_t i = 0; i < sizeof outside; i++) {
        exif_write_orientation(segment, outside[i]);
        assert_int_equal(read_orientation(segment, sizeof segment), 0);
    }
    assert_int_equal(read_orientation("http://ns.adobe.com/xap/1.0/", 28), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_orientation_is_read),
        cmocka_unit_test(either_byte_order_and_other_tags_are_read),
        cmocka_unit_test(damaged_segments_state_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
