/* Numbers and texts in bounded messages. */
#include "broker/cluster/wire.h"
#include "tests/unit/support.h"

#include <math.h>
#include <stdlib.h>

static struct wire_writer writer_to(uint8_t *bytes, size_t capacity) {
    return (struct wire_writer){.bytes = bytes, .capacity = capacity};
}

static struct wire_reader reader_of(const struct wire_writer *writer) {
    return (struct wire_reader){.bytes = writer->bytes, .count = writer->count};
}

static void numbers_are_little_endian(void **state) {
    (void)state;
    static const uint8_t expected[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0F, 0x0E, 0x0D, 0x0C, 0x0B,
                                       0x0A, 0x09, 0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    uint8_t bytes[64];
    struct wire_writer writer = writer_to(bytes, sizeof bytes);
    wire_put_u8(&writer, 0x01);
    wire_put_u16(&writer, 0x0203);
    wire_put_u32(&writer, 0x04050607);
    wire_put_u64(&writer, UINT64_C(0x08090A0B0C0D0E0F));
    wire_put_i64(&writer, -2);
    assert_int_equal(writer.count, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    wire_put_double(&writer, -0.375);
    assert_false(writer.is_full);

    struct wire_reader reader = reader_of(&writer);
    assert_int_equal(wire_get_u8(&reader), 0x01);
    assert_int_equal(wire_get_u16(&reader), 0x0203);
    assert_int_equal(wire_get_u32(&reader), 0x04050607);
    assert_true(wire_get_u64(&reader) == UINT64_C(0x08090A0B0C0D0E0F));
    assert_true(wire_get_i64(&reader) == -2);
    assert_true(wire_get_double(&reader) == -0.375);
    assert_int_equal(reader.count, 0);
    assert_false(reader.is_broken);
}

static void full_writer_writes_nothing_further(void **state) {
    (void)state;
    uint8_t bytes[8];
    memset(bytes, 0xEE, sizeof bytes);
    struct wire_writer writer = writer_to(bytes, 6);
    wire_put_u32(&writer, 0);
    wire_put_u32(&writer, 0); /* two bytes are left */
    assert_true(writer.is_full);
    assert_int_equal(writer.count, 4);
    wire_put_u8(&writer, 0); /* would fit, but something is missing in front of it */
    wire_put_text(&writer, "");
    wire_put_bytes(&writer, bytes, 0);
    assert_int_equal(writer.count, 4);
    for (size_t i = 4; i < sizeof bytes; i++) {
        assert_int_equal(bytes[i], 0xEE);
    }
}

static void reader_gives_zero_after_a_fault(void **state) {
    (void)state;
    static const uint8_t bytes[] = {1, 1, 0, 'a', 5, 6, 7};
    struct wire_reader reader = {.bytes = bytes, .count = sizeof bytes};
    char text[4] = "xyz";
    assert_int_equal(wire_get_u8(&reader), 1);
    assert_int_equal(wire_get_u64(&reader), 0);
    assert_true(reader.is_broken);
    assert_int_equal(wire_get_u8(&reader), 0);
    assert_int_equal(wire_get_u16(&reader), 0);
    assert_int_equal(wire_get_u32(&reader), 0);
    assert_true(wire_get_i64(&reader) == 0);
    assert_true(wire_get_double(&reader) == 0);
    wire_get_text(&reader, text, sizeof text);
    assert_string_equal(text, "");
    assert_null(wire_get_bytes(&reader, 0));
    assert_true(reader.is_broken);
}

static void number_that_is_not_finite_is_a_fault(void **state) {
    (void)state;
    const double values[] = {(double)INFINITY, -(double)INFINITY, (double)NAN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[8];
        struct wire_writer writer = writer_to(bytes, sizeof bytes);
        wire_put_double(&writer, values[i]);
        struct wire_reader reader = reader_of(&writer);
        assert_true(wire_get_double(&reader) == 0);
        assert_true(reader.is_broken);
    }
}

static void bytes_are_borrowed(void **state) {
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct wire_reader reader = {.bytes = bytes, .count = sizeof bytes};
    assert_ptr_equal(wire_get_bytes(&reader, 2), bytes);
    assert_int_equal(reader.count, 1);
    assert_null(wire_get_bytes(&reader, SIZE_MAX));
    assert_true(reader.is_broken);
}

/* ---- Texts ---- */

static bool reads(const void *bytes, size_t count, char *text, size_t capacity) {
    uint8_t message[64];
    struct wire_writer writer = writer_to(message, sizeof message);
    wire_put_u16(&writer, (uint16_t)count);
    wire_put_bytes(&writer, bytes, count);
    struct wire_reader reader = reader_of(&writer);
    wire_get_text(&reader, text, capacity);
    return !reader.is_broken;
}

static void text_fits_with_its_nul(void **state) {
    (void)state;
    char text[6] = "";
    assert_true(reads("", 0, text, sizeof text));
    assert_string_equal(text, "");
    assert_true(reads("abcde", 5, text, sizeof text));
    assert_string_equal(text, "abcde");
    assert_false(reads("abcdef", 6, text, sizeof text));
    assert_string_equal(text, "");
    assert_false(reads("h\xC3\xB6\xE2\x82\xAC", 5, text, sizeof text)); /* cut inside the last character */
    assert_string_equal(text, "");
}

static void text_that_is_none_is_a_fault(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
    } texts[] = {
        {"a\0b", 3}, {"a\0", 2},      {"a\nb", 3},         {"\x1B[31m", 5},         {"\x7F", 1},
        {"\xFF", 1}, {"\xC0\x80", 2}, {"\xED\xA0\x80", 3}, {"\xF4\x90\x80\x80", 4}, {"caf\xC3", 4},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[16] = "before";
        assert_false(reads(texts[i].bytes, texts[i].count, text, sizeof text));
        assert_string_equal(text, "");
    }
}

static void long_text_is_cut(void **state) {
    (void)state;
    const size_t count = 70000;
    char *text = malloc(count + 1), *read = malloc(count + 1);
    uint8_t *bytes = malloc(count + 2);
    memset(text, 'a', count);
    text[count] = '\0';
    struct wire_writer writer = writer_to(bytes, count + 2);
    wire_put_text(&writer, text);
    assert_int_equal(writer.count, UINT16_MAX + 2);
    struct wire_reader reader = reader_of(&writer);
    wire_get_text(&reader, read, count + 1);
    assert_false(reader.is_broken);
    assert_int_equal(strlen(read), UINT16_MAX);
    free(text);
    free(read);
    free(bytes);
}

/* A message of the system, or a reason that has been cut inside a character, must not cost all that stands around it.
 */
static void text_that_a_reader_would_refuse_is_mended(void **state) {
    (void)state;
    static const char *const texts[][2] = {
        {"no file caf\xC3", "no file caf?"},
        {"line\nline", "line?line"},
        {"\x1B[0m\x7F", "?[0m?"},
        {"\xE2\x82", "??"},
        {"h\xC3\xB6he \xE2\x82\xAC", "h\xC3\xB6he \xE2\x82\xAC"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint8_t bytes[64];
        char text[32];
        struct wire_writer writer = writer_to(bytes, sizeof bytes);
        wire_put_text(&writer, texts[i][0]);
        struct wire_reader reader = reader_of(&writer);
        wire_get_text(&reader, text, sizeof text);
        assert_false(reader.is_broken);
        assert_string_equal(text, texts[i][1]);
        assert_int_equal(reader.count, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(full_writer_writes_nothing_further),
        cmocka_unit_test(reader_gives_zero_after_a_fault),
        cmocka_unit_test(number_that_is_not_finite_is_a_fault),
        cmocka_unit_test(bytes_are_borrowed),
        cmocka_unit_test(text_fits_with_its_nul),
        cmocka_unit_test(text_that_is_none_is_a_fault),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(text_that_a_reader_would_refuse_is_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
