#include "web/http/chunked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Decodes a text in pieces of so many bytes; *data gets what was decoded. */
static enum err decode_in_pieces(const char *text, size_t piece, char data[512]) {
    struct chunked chunked = {.state = CHUNKED_SIZE};
    enum err error = ERR_OK;
    size_t length = strlen(text), used = 0;
    for (size_t at = 0; at < length && error == ERR_OK; at += piece) {
        uint8_t bytes[512];
        size_t count = length - at < piece ? length - at : piece, decoded;
        memcpy(bytes, text + at, count);
        error = chunked_decode(&chunked, bytes, count, &decoded);
        memcpy(data + used, bytes, decoded);
        used += decoded;
    }
    data[used] = '\0';
    return error;
}

static void assert_decodes(const char *text, enum err expected, const char *data) {
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        char decoded[512];
        enum err error = decode_in_pieces(text, piece, decoded);
        if (error != expected || (data != NULL && strcmp(decoded, data) != 0)) {
            fail_msg("in pieces of %zu: %d \"%s\"", piece, error, decoded);
        }
    }
}

static void chunks_are_joined(void **state) {
    (void)state;
    assert_decodes("5\r\nhello\r\n1\r\n,\r\nA\r\n 123456789\r\n0\r\n\r\n", ERR_CLOSED, "hello, 123456789");
    assert_decodes("5\r\nhello\r\n", ERR_OK, "hello");
    assert_decodes("a\r\nhel", ERR_OK, "hel");
}

static void extensions_trailers_and_bare_line_feeds_are_skipped(void **state) {
    (void)state;
    assert_decodes("3;name=value\r\nabc\r\n0\r\nX-Trailer: 1\r\nOther: 2\r\n\r\n", ERR_CLOSED, "abc");
    assert_decodes("3 \nabc\n0\n\n", ERR_CLOSED, "abc");
    assert_decodes("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n", ERR_CLOSED, "x");
}

static void malformed_bodies_are_refused(void **state) {
    (void)state;
    assert_decodes("\r\n", ERR_INVALID, NULL);
    assert_decodes("g\r\n", ERR_INVALID, NULL);
    assert_decodes("-1\r\n", ERR_INVALID, NULL);
    assert_decodes("ffffffffffffffff\r\n", ERR_INVALID, NULL);
    assert_decodes("1\r\nxy\r\n", ERR_INVALID, NULL);
}

static void endless_extensions_and_trailers_are_refused(void **state) {
    (void)state;
    static const char *const begins[] = {"1;", "0\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct chunked chunked = {.state = CHUNKED_SIZE};
        uint8_t bytes[1024];
        size_t decoded, count = strlen(begins[i]);
        memcpy(bytes, begins[i], count);
        assert_int_equal(chunked_decode(&chunked, bytes, count, &decoded), ERR_OK);
        enum err error = ERR_OK;
        for (int round = 0; round < 9 && error == ERR_OK; round++) {
            memset(bytes, 'x', sizeof bytes);
            error = chunked_decode(&chunked, bytes, sizeof bytes, &decoded);
        }
        assert_int_equal(error, ERR_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(extensions_trailers_and_bare_line_feeds_are_skipped),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(endless_extensions_and_trailers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
