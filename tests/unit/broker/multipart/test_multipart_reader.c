#include "broker/multipart/multipart_reader.h"

#include "broker/base/clock.h"
#include "tests/unit/broker/multipart/tiny_jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void take_part(void *user, struct frame *frame);

/* Feeds a text some bytes at a time, and hands on the parts. Returns how it ends. */
static enum err feed(const char *content_type, const char *text, size_t count, size_t step, take_part *take, void *user,
                     struct reason *reason) {
    struct frame_pool *pool;
    struct multipart_reader *reader;
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(multipart_reader_create(pool, content_type, &reader), ERR_OK);
    enum err error;
    size_t at = 0;
    for (;;) {
        struct frame *frame = NULL;
        error = multipart_reader_next(reader, &frame, reason);
        if (error == ERR_OK) {
            take(user, frame);
            frame_unref(&frame);
        } else if (error != ERR_BUSY || at == count) {
            break;
        } else {
            struct multipart_buffer buffer = multipart_reader_buffer(reader);
            assert_true(buffer.count > 0);
            size_t taken = count - at < step ? count - at : step;
            taken = taken < buffer.count ? taken : buffer.count;
            memcpy(buffer.bytes, text + at, taken);
            multipart_reader_fill(reader, taken);
            at += taken;
        }
    }
    multipart_reader_destroy(&reader);
    assert_null(reader);
    frame_pool_destroy(&pool);
    return error;
}

/* The bodies of the parts as "body1|body2|". */
struct outcome {
    char bodies[4096];
    struct frame_info last;
    enum err error;
    struct reason reason;
};

static void note_body(void *user, struct frame *frame) {
    struct outcome *outcome = user;
    struct span payload = frame_payload(frame);
    size_t used = strlen(outcome->bodies);
    size_t shown = payload.count < 100 ? payload.count : 100;
    snprintf(outcome->bodies + used, sizeof outcome->bodies - used, "%.*s|", (int)shown, (const char *)payload.bytes);
    outcome->last = *frame_info(frame);
}

static struct outcome read_in_steps(const char *content_type, const char *text, size_t count, size_t step) {
    struct outcome outcome = {.error = ERR_OK};
    outcome.error = feed(content_type, text, count, step, note_body, &outcome, &outcome.reason);
    return outcome;
}

/* Whatever chunks the bytes come in, the parts are the same. */
static struct outcome read_text(const char *content_type, const char *text) {
    struct outcome whole = read_in_steps(content_type, text, strlen(text), SIZE_MAX);
    for (size_t step = 1; step < 9; step++) {
        struct outcome views = read_in_steps(content_type, text, strlen(text), step);
        assert_string_equal(views.bodies, whole.bodies);
        assert_int_equal(views.error, whole.error);
    }
    return whole;
}

#define TYPE "multipart/x-mixed-replace; boundary=T"

static void parts_with_length_are_taken(void **state) {
    (void)state;
    struct outcome outcome =
        read_text(TYPE, "--T\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n--T\r\n"
                        "content-length:  4\r\n\r\nde\r\n\r\n--T\r\n");
    assert_string_equal(outcome.bodies, "abc|de\r\n|");
    assert_int_equal(outcome.error, ERR_BUSY);
}

static void part_with_length_is_given_before_the_delimiter_behind_it(void **state) {
    (void)state;
    assert_string_equal(read_text(TYPE, "--T\r\nContent-Length: 3\r\n\r\nabc").bodies, "abc|");
}

static void parts_without_length_end_at_the_delimiter(void **state) {
    (void)state;
    struct outcome outcome = read_text(TYPE, "--T\r\n\r\nab\r\nc\r\n--T\nContent-Type: image/jpeg\n\nd--e\n--T\n\n");
    assert_string_equal(outcome.bodies, "ab\r\nc|d--e|");
}

static void boundary_is_taken_as_cameras_declare_it(void **state) {
    (void)state;
    static const char text[] = "--my box\r\nContent-Length: 1\r\n\r\nx\r\n--my box\r\nContent-Length: 1\r\n\r\ny\r\n";
    assert_string_equal(read_text("multipart/x-mixed-replace;boundary=\"my box\"", text).bodies, "x|y|");
    assert_string_equal(read_text("multipart/x-mixed-replace;boundary=\"--my box\"; a=b", text).bodies, "x|y|");
    assert_string_equal(read_text("multipart/x-mixed-replace", text).bodies, "x|y|");
    assert_string_equal(read_text(NULL, text).bodies, "x|y|");
}

static void preamble_and_noise_between_parts_are_passed_over(void **state) {
    (void)state;
    struct outcome outcome = read_text(
        TYPE, "hello\r\n--Tx\r\n--T\r\nContent-Length: 1\r\n\r\na junk\r\nmore\r\n--T\r\nContent-Length: 1\r\n\r\nb");
    assert_string_equal(outcome.bodies, "a|b|");
}

static void parts_of_another_kind_are_passed_over(void **state) {
    (void)state;
    struct outcome outcome = read_text(
        TYPE, "--T\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n--T\r\n\r\n--T\r\n"
              "Content-Type: audio/basic\r\n\r\nla\r\n--T\r\nContent-Type: image/jpg\r\nContent-Length: 1\r\n\r\nb");
    assert_string_equal(outcome.bodies, "b|");
}

static void empty_parts_are_passed_over(void **state) {
    (void)state;
    struct outcome outcome = read_text(TYPE, "--T\r\n\r\n\r\n--T\r\n\r\n--T\r\nContent-Length: 1\r\n\r\na");
    assert_string_equal(outcome.bodies, "a|");
}

static void the_end_is_reported(void **state) {
    (void)state;
    assert_int_equal(read_text(TYPE, "--T\r\nContent-Length: 1\r\n\r\na\r\n--T--\r\n").error, ERR_CLOSED);
}

static void headers_of_another_broker_are_read(void **state) {
    (void)state;
    struct outcome outcome = read_text(TYPE, "--T\r\nContent-Length: 1\r\nX-Timestamp: 1767225612.345678\r\n"
                                             "X-Sequence: 42\r\nX-Camera-State: stale\r\n\r\na");
    assert_int_equal(outcome.last.sequence, 42);
    assert_int_equal(outcome.last.captured_realtime_ns, 1767225612 * NS_PER_S + 345678 * NS_PER_US);
    assert_int_equal(outcome.last.state, STATE_STALE);
}

static void missing_or_senseless_headers_are_zero(void **state) {
    (void)state;
    static const char *const values[] = {"", "X-Timestamp: -1\r\nX-Sequence: -1\r\n", "X-Timestamp: nan\r\n",
                                         "X-Timestamp: 1e300\r\nX-Sequence: 99999999999999999999999\r\n"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "--T\r\nContent-Length: 1\r\n%s\r\na", values[i]);
        struct outcome outcome = read_text(TYPE, text);
        assert_string_equal(outcome.bodies, "a|");
        assert_int_equal(outcome.last.sequence, 0);
        assert_int_equal(outcome.last.captured_realtime_ns, 0);
        assert_int_equal(outcome.last.state, STATE_LIVE);
    }
}

static void part_that_claims_too_much_is_refused(void **state) {
    (void)state;
    assert_int_equal(read_text(TYPE, "--T\r\nContent-Length: 2147483648\r\n\r\na").error, ERR_INVALID);
    assert_int_equal(read_text(TYPE, "--T\r\nContent-Length: 99999999999999999999\r\n\r\na").error, ERR_INVALID);
}

/* How many whole pictures come, however the bytes are cut. */
struct pictures {
    unsigned count;
};

static void count_picture(void *user, struct frame *frame) {
    struct pictures *pictures = user;
    assert_int_equal(frame_payload(frame).count, TINY_JPEG_BYTES);
    assert_memory_equal(frame_payload(frame).bytes, TINY_JPEG, TINY_JPEG_BYTES);
    pictures->count++;
}

static unsigned count_pictures(const char *content_type, const char *text, size_t count) {
    struct pictures first = {0};
    for (size_t step = 1; step < 300; step += step < 9 ? 1 : 97) {
        struct pictures pictures = {0};
        struct reason reason;
        enum err error = feed(content_type, text, count, step, count_picture, &pictures, &reason);
        assert_true(error == ERR_BUSY || error == ERR_CLOSED);
        first = step == 1 ? pictures : first;
        assert_int_equal(pictures.count, first.count);
    }
    return first.count;
}

#define COUNT_PICTURES(content_type, text) count_pictures(content_type, text, sizeof(text) - 1)

static void pictures_end_at_their_end_whatever_their_length_says(void **state) {
    (void)state;
    static const char *const lengths[] = {"",
                                          "Content-Length: 7\r\n",
                                          "Content-Length: 20\r\n",
                                          "Content-Length: 60\r\n",
                                          "Content-Length: 250\r\n",
                                          "Content-Length: 0\r\n",
                                          "Content-Length: -5\r\n",
                                          "Content-Length:\r\n",
                                          "Content-Length: unknown\r\n",
                                          "Content-Length: 100000\r\n"};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char text[2000];
        size_t count = 0;
        for (int n = 0; n < 3; n++) {
            count += (size_t)snprintf(text + count, sizeof text - count, "--T\r\n%s\r\n", lengths[i]);
            memcpy(text + count, TINY_JPEG, TINY_JPEG_BYTES);
            count += TINY_JPEG_BYTES;
            memcpy(text + count, "\r\n", 2);
            count += 2;
        }
        struct pictures pictures = {0};
        struct reason reason;
        (void)feed(TYPE, text, count, 1, count_picture, &pictures, &reason);
        /* One that claims too much may still wait for it. */
        assert_in_range(pictures.count, 3, 3);
    }
}

static void picture_without_length_is_given_at_its_end(void **state) {
    (void)state;
    assert_int_equal(COUNT_PICTURES(TYPE, "--T\r\n\r\n" TINY_JPEG), 1);
    assert_int_equal(COUNT_PICTURES(TYPE, "--T\r\nContent-Length: 9\r\n\r\n\r\n" TINY_JPEG), 1);
}

static void delimiters_are_found_however_they_are_declared(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"--video boundary--", "--video boundary--"},
        {"foo", "foo"},
        {"--foo", "----foo"},
        {"--foo", "--foo"},
        {"\"foo\"", "--\"foo\""},
        {"foo,", "--foo"},
        {"'foo'", "--foo"},
        {"----WebKit", "------WebKit"},
        {"foo", "--something"},
        {"foo", "----foo"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char type[100], text[2000];
        snprintf(type, sizeof type, "multipart/x-mixed-replace;boundary=%s", cases[i][0]);
        size_t count = 0;
        for (int n = 0; n < 3; n++) {
            count += (size_t)snprintf(text + count, sizeof text - count, "%s\r\nContent-Type: image/jpeg\r\n\r\n",
                                      cases[i][1]);
            memcpy(text + count, TINY_JPEG "\r\n", TINY_JPEG_BYTES + 2);
            count += TINY_JPEG_BYTES + 2;
        }
        assert_int_equal(count_pictures(type, text, count), 3);
    }
}

static void first_picture_may_come_without_delimiter(void **state) {
    (void)state;
    assert_int_equal(COUNT_PICTURES(TYPE, "Content-Type: image/jpeg\r\n\r\n" TINY_JPEG "\r\n--T\r\n"
                                          "Content-Type: image/jpeg\r\n\r\n" TINY_JPEG "\r\n--T\r\n"),
                     2);
}

static void pictures_need_neither_delimiters_nor_an_empty_line(void **state) {
    (void)state;
    assert_int_equal(COUNT_PICTURES(TYPE, TINY_JPEG TINY_JPEG "\r\n" TINY_JPEG), 3);
    assert_int_equal(COUNT_PICTURES(TYPE, "\r\n" TINY_JPEG "\r\n--T\r\n\r\n" TINY_JPEG), 2);
    assert_int_equal(COUNT_PICTURES(TYPE, "--T\r\nContent-Type: image/jpeg\r\n" TINY_JPEG "\r\n--T\r\n" TINY_JPEG), 2);
    /* The second one is a preview within the first part. */
    assert_int_equal(COUNT_PICTURES(TYPE, "--T\r\n\r\n" TINY_JPEG TINY_JPEG "\r\n--T\r\n\r\n" TINY_JPEG), 2);
}

static void picture_of_another_type_is_taken(void **state) {
    (void)state;
    assert_int_equal(COUNT_PICTURES(TYPE, "--T\r\nContent-Type: text/plain\r\n\r\n" TINY_JPEG "\r\n--T\r\n"
                                          "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello\r\n--T\r\n"),
                     1);
}

static void fields_of_a_form_are_passed_over(void **state) {
    (void)state;
    assert_int_equal(
        COUNT_PICTURES("multipart/form-data; boundary=T",
                       "--T\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntext\r\n"
                       "--T\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\n\r\n" TINY_JPEG
                       "\r\n--T--\r\n"),
        1);
}

static void cut_picture_ends_at_the_delimiter(void **state) {
    (void)state;
    static const char text[] = "--T\r\n\r\n\xff\xd8\xff\xda\0\2abc\r\n--T\r\nContent-Length: 1\r\n\r\nx";
    struct outcome outcome = read_in_steps(TYPE, text, sizeof text - 1, 3);
    assert_string_equal(outcome.bodies, "\xff\xd8\xff\xda|x|");
}

static void endless_things_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *begin;
        char filler;
        size_t count;
    } cases[] = {
        {"", 'x', MULTIPART_GAP_MAX_BYTES + 10000},
        {"", '\n', MULTIPART_GAP_MAX_BYTES + 10000},
        {"--T\r\nX: ", 'x', 3 * MULTIPART_HEADERS_MAX_BYTES},
        {"--T\r\n\r\n", 'x', MULTIPART_PART_MAX_BYTES + 10000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t begin = strlen(cases[i].begin), count = begin + cases[i].count;
        char *text = malloc(count);
        assert_non_null(text);
        memcpy(text, cases[i].begin, begin);
        memset(text + begin, cases[i].filler, cases[i].count);
        struct outcome outcome = read_in_steps(TYPE, text, count, SIZE_MAX);
        free(text);
        assert_int_equal(outcome.error, ERR_INVALID);
        assert_true(outcome.reason.text[0] != '\0');
    }
}

struct lengths {
    size_t bytes[16];
    size_t count;
};

/* The nth part is all of the nth letter. */
static void note_length(void *user, struct frame *frame) {
    struct lengths *lengths = user;
    struct span payload = frame_payload(frame);
    for (size_t i = 0; i < payload.count; i++) {
        if (payload.bytes[i] != 'a' + lengths->count) {
            fail_msg("byte %zu of part %zu is %d", i, lengths->count, payload.bytes[i]);
        }
    }
    lengths->bytes[lengths->count++] = payload.count;
}

/* Parts of many sizes, with and without length, come in pieces of many sizes; each is whole, and of its own bytes. */
static void parts_of_any_size_come_whole(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 200000, 5, 4096, 70000, 1000000, 3, 65536};
    static const size_t steps[] = {777, 4096, 65536, SIZE_MAX};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    static char text[4 << 20];
    for (unsigned kind = 0; kind < 2; kind++) {
        size_t count = 0;
        for (size_t i = 0; i < SIZES; i++) {
            count += (size_t)snprintf(text + count, sizeof text - count, "--T\r\n");
            if (kind == 0) {
                count += (size_t)snprintf(text + count, sizeof text - count, "Content-Length: %zu\r\n", sizes[i]);
            }
            count += (size_t)snprintf(text + count, sizeof text - count, "\r\n");
            memset(text + count, 'a' + (int)i, sizes[i]);
            count += sizes[i];
            count += (size_t)snprintf(text + count, sizeof text - count, "\r\n");
        }
        count += (size_t)snprintf(text + count, sizeof text - count, "--T--\r\n");
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            struct lengths lengths = {.count = 0};
            struct reason reason;
            assert_int_equal(feed(TYPE, text, count, steps[i], note_length, &lengths, &reason), ERR_CLOSED);
            assert_int_equal(lengths.count, SIZES);
            assert_memory_equal(lengths.bytes, sizes, sizeof sizes);
        }
    }
}

static void boundary_that_is_too_long_is_refused(void **state) {
    (void)state;
    struct frame_pool *pool;
    struct multipart_reader *reader = NULL;
    char type[400] = "multipart/x-mixed-replace;boundary=";
    memset(type + strlen(type), 'b', 300);
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(multipart_reader_create(pool, type, &reader), ERR_INVALID);
    frame_pool_destroy(&pool);
}

/* A million bytes of what looks like multipart, in a fixed order of chance. */
static void noise_never_leaves_the_bounds(void **state) {
    (void)state;
    static const char *const words[] = {
        "--T", "\r\n",     "\n",         "Content-Length: ", "7", "99",      "X-Sequence: 3", "\xff",
        "--",  "\r\n\r\n", "image/jpeg", "Content-Type: ",   ":", "abcdefgh"};
    uint64_t random = 88172645463325252u;
    for (int round = 0; round < 200; round++) {
        static char text[5000];
        size_t count = 0;
        while (count < sizeof text - 20) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            const char *word = words[random % (sizeof words / sizeof words[0])];
            memcpy(text + count, word, strlen(word));
            count += strlen(word);
        }
        (void)read_in_steps(round % 2 == 0 ? TYPE : NULL, text, count, 1 + (size_t)(random >> 40) % 700);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_with_length_are_taken),
        cmocka_unit_test(part_with_length_is_given_before_the_delimiter_behind_it),
        cmocka_unit_test(parts_without_length_end_at_the_delimiter),
        cmocka_unit_test(boundary_is_taken_as_cameras_declare_it),
        cmocka_unit_test(preamble_and_noise_between_parts_are_passed_over),
        cmocka_unit_test(parts_of_another_kind_are_passed_over),
        cmocka_unit_test(empty_parts_are_passed_over),
        cmocka_unit_test(the_end_is_reported),
        cmocka_unit_test(headers_of_another_broker_are_read),
        cmocka_unit_test(missing_or_senseless_headers_are_zero),
        cmocka_unit_test(pictures_need_neither_delimiters_nor_an_empty_line),
        cmocka_unit_test(part_that_claims_too_much_is_refused),
        cmocka_unit_test(pictures_end_at_their_end_whatever_their_length_says),
        cmocka_unit_test(picture_without_length_is_given_at_its_end),
        cmocka_unit_test(delimiters_are_found_however_they_are_declared),
        cmocka_unit_test(first_picture_may_come_without_delimiter),
        cmocka_unit_test(picture_of_another_type_is_taken),
        cmocka_unit_test(fields_of_a_form_are_passed_over),
        cmocka_unit_test(cut_picture_ends_at_the_delimiter),
        cmocka_unit_test(endless_things_are_refused),
        cmocka_unit_test(parts_of_any_size_come_whole),
        cmocka_unit_test(boundary_that_is_too_long_is_refused),
        cmocka_unit_test(noise_never_leaves_the_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
