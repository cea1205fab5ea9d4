#include "broker/multipart/jpeg_reader.h"

#include "tests/unit/broker/multipart/tiny_jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RESULTS_MAX 16

struct results {
    enum err errors[RESULTS_MAX]; /* of each call that gave anything but ERR_BUSY */
    size_t bytes[RESULTS_MAX];    /* of the pictures */
    size_t count;
};

static void note_result(struct results *results, enum err error, struct frame **frame) {
    assert_true(results->count < RESULTS_MAX);
    results->errors[results->count] = error;
    if (error == ERR_OK) {
        struct span picture = frame_payload(*frame);
        results->bytes[results->count] = picture.count;
        assert_int_equal(frame_info(*frame)->state, STATE_LIVE);
        assert_memory_equal(picture.bytes, "\xff\xd8\xff", 3);
        assert_memory_equal(picture.bytes + picture.count - 2, "\xff\xd9", 2);
    }
    results->count++;
    frame_unref(frame);
}

/* Reads until more than the text is asked for, or the stream is lost. */
static struct results read_in_pieces(const char *text, size_t count, size_t piece) {
    struct frame_pool *pool;
    struct jpeg_reader *reader;
    struct results results = {.count = 0};
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(jpeg_reader_create(pool, &reader), ERR_OK);
    enum err error = ERR_OK;
    for (size_t at = 0; error != ERR_IO;) {
        struct frame *frame = NULL;
        struct reason reason;
        error = jpeg_reader_next(reader, &frame, &reason);
        if (error != ERR_BUSY) {
            note_result(&results, error, &frame);
            continue;
        }
        if (at == count) {
            break;
        }
        struct multipart_buffer buffer = jpeg_reader_buffer(reader);
        assert_true(buffer.count > 0);
        size_t got = count - at < piece ? count - at : piece;
        got = got < buffer.count ? got : buffer.count;
        memcpy(buffer.bytes, text + at, got);
        jpeg_reader_fill(reader, got);
        at += got;
    }
    jpeg_reader_destroy(&reader);
    frame_pool_destroy(&pool);
    return results;
}

/* The same results, whatever pieces the bytes come in. */
static struct results read_stream(const char *text, size_t count) {
    struct results whole = read_in_pieces(text, count, SIZE_MAX);
    for (size_t piece = 1; piece < 60; piece++) {
        struct results results = read_in_pieces(text, count, piece);
        assert_int_equal(results.count, whole.count);
        assert_memory_equal(results.errors, whole.errors, sizeof whole.errors);
        assert_memory_equal(results.bytes, whole.bytes, sizeof whole.bytes);
    }
    return whole;
}

#define READ(text) read_stream(text, sizeof(text) - 1)

static void pictures_follow_each_other_with_nothing_between(void **state) {
    (void)state;
    struct results results = READ(TINY_JPEG TINY_JPEG TINY_JPEG "\xff\xd8\xff");
    assert_int_equal(results.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(results.errors[i], ERR_OK);
        assert_int_equal(results.bytes[i], TINY_JPEG_BYTES);
    }
}

static void what_stands_between_is_passed_over(void **state) {
    (void)state;
    struct results results = READ("\r\n" TINY_JPEG "\n\n\0\0some text\xff\xff\xd8 and \xff\xd8." TINY_JPEG "\xff");
    assert_int_equal(results.count, 2);
    assert_int_equal(results.errors[1], ERR_OK);
    assert_int_equal(results.bytes[0], TINY_JPEG_BYTES);
    assert_int_equal(results.bytes[1], TINY_JPEG_BYTES);
}

static void a_picture_that_ends_in_the_middle_is_broken_and_the_next_is_not(void **state) {
    (void)state;
    struct results results = READ("\xff\xd8\xff\xda\x00\x03s half a scan" TINY_JPEG TINY_JPEG);
    assert_int_equal(results.count, 3);
    assert_int_equal(results.errors[0], ERR_INVALID);
    assert_int_equal(results.errors[1], ERR_OK);
    assert_int_equal(results.errors[2], ERR_OK);
    assert_int_equal(results.bytes[2], TINY_JPEG_BYTES);
}

static void a_picture_of_any_size_is_one_frame(void **state) {
    (void)state;
    static const char begin[] = "\xff\xd8\xff\xda\x00\x03s";
    const size_t size = (size_t)3 << 20;
    char *text = malloc(2 * size);
    assert_non_null(text);
    memset(text, 'x', 2 * size);
    for (size_t i = 0; i < 2; i++) {
        memcpy(text + i * size, begin, sizeof begin - 1);
        memcpy(text + (i + 1) * size - 2, "\xff\xd9", 2);
    }
    struct results results = read_in_pieces(text, 2 * size, 4096);
    free(text);
    assert_int_equal(results.count, 2);
    assert_int_equal(results.bytes[0], size);
    assert_int_equal(results.bytes[1], size);
}

static void bytes_without_end_that_are_no_picture_end_the_stream(void **state) {
    (void)state;
    char *text = malloc(2 * JPEG_READER_GAP_MAX_BYTES);
    assert_non_null(text);
    memset(text, 0xff, 2 * JPEG_READER_GAP_MAX_BYTES);
    struct results results = read_in_pieces(text, 2 * JPEG_READER_GAP_MAX_BYTES, 4096);
    free(text);
    assert_int_equal(results.count, 1);
    assert_int_equal(results.errors[0], ERR_IO);
}

static void a_picture_without_end_ends_the_stream(void **state) {
    (void)state;
    const size_t size = MULTIPART_PART_MAX_BYTES + 100000;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, "\xff\xd8\xff\xda\x00\x03s", 7);
    struct results results = read_in_pieces(text, size, 65536);
    free(text);
    assert_int_equal(results.count, 1);
    assert_int_equal(results.errors[0], ERR_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_follow_each_other_with_nothing_between),
        cmocka_unit_test(what_stands_between_is_passed_over),
        cmocka_unit_test(a_picture_that_ends_in_the_middle_is_broken_and_the_next_is_not),
        cmocka_unit_test(a_picture_of_any_size_is_one_frame),
        cmocka_unit_test(bytes_without_end_that_are_no_picture_end_the_stream),
        cmocka_unit_test(a_picture_without_end_ends_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
