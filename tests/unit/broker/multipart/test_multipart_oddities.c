#include "broker/multipart/multipart_reader.h"
#include "tests/unit/broker/multipart/tiny_jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DECLARED "multipart/x-mixed-replace;boundary=T"
#define LENGTH "Content-Type: image/jpeg\r\nContent-Length: 68\r\n\r\n"
/* Twice, as what stands between two parts is odd, too. */
#define TWICE(part) part part "\r\n", sizeof part part "\r\n" - 1

/* Of a stream that comes byte by byte. */
static unsigned oddities_of(const char *content_type, const char *text, size_t count) {
    struct frame_pool *pool;
    struct multipart_reader *reader;
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(multipart_reader_create(pool, content_type, &reader), ERR_OK);
    unsigned pictures = 0;
    for (size_t at = 0; at <= count; at++) {
        struct frame *frame = NULL;
        while (multipart_reader_next(reader, &frame, NULL) == ERR_OK) {
            frame_unref(&frame);
            pictures++;
        }
        if (at < count) {
            memcpy(multipart_reader_buffer(reader).bytes, text + at, 1);
            multipart_reader_fill(reader, 1);
        }
    }
    assert_int_equal(pictures, 2);
    const unsigned oddities = multipart_reader_oddities(reader);
    multipart_reader_destroy(&reader);
    frame_pool_destroy(&pool);
    return oddities;
}

static void stream_as_it_should_be_has_none(void **state) {
    (void)state;
    assert_int_equal(TINY_JPEG_BYTES, 68);
    assert_int_equal(oddities_of(DECLARED, TWICE("--T\r\n" LENGTH TINY_JPEG "\r\n")), 0);
}

static void each_is_noted(void **state) {
    (void)state;
    static const struct {
        unsigned oddity;
        const char *content_type, *text;
        size_t count;
    } cases[] = {
        {MULTIPART_UNDECLARED, "multipart/x-mixed-replace", TWICE("--T\r\n" LENGTH TINY_JPEG "\r\n")},
        {MULTIPART_MISDECLARED, DECLARED, TWICE("--U\r\n" LENGTH TINY_JPEG "\r\n")},
        {MULTIPART_UNBEGUN, DECLARED, TWICE(LENGTH TINY_JPEG "\r\n--T\r\n")},
        {MULTIPART_UNSIZED, DECLARED, TWICE("--T\r\nContent-Type: image/jpeg\r\n\r\n" TINY_JPEG "\r\n")},
        {MULTIPART_WRONG_LENGTH, DECLARED, TWICE("--T\r\nContent-Length: 9\r\n\r\n" TINY_JPEG "\r\n")},
        {MULTIPART_WRONG_LENGTH, DECLARED, TWICE("--T\r\n" LENGTH "\r\n" TINY_JPEG "\r\n")},
        {MULTIPART_WRONG_TYPE, DECLARED,
         TWICE("--T\r\nContent-Type: text/plain\r\nContent-Length: 68\r\n\r\n" TINY_JPEG "\r\n")},
        {MULTIPART_LINE_FEEDS, DECLARED, TWICE("--T\nContent-Length: 68\n\n" TINY_JPEG "\n")},
        {MULTIPART_STRAY_BYTES, DECLARED, TWICE("--T\r\n" LENGTH TINY_JPEG "stray\r\n")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(oddities_of(cases[i].content_type, cases[i].text, cases[i].count), cases[i].oddity);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_as_it_should_be_has_none),
        cmocka_unit_test(each_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
