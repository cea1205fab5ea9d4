#include "web/http/error_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_body(const char *message, const char *escaped) {
    struct reason reason;
    char body[ERROR_BODY_MAX_BYTES],
        expected[ERROR_BODY_MAX_BYTES] = "{\"error\":{\"code\":\"bad_body\",\"message\":\"";
    strcat(strcat(expected, escaped), "\"}}");
    strcpy(reason.text, message);
    assert_int_equal(error_body_write("bad_body", &reason, body), strlen(expected));
    assert_string_equal(body, expected);
}

static void message_is_escaped_as_json(void **state) {
    (void)state;
    assert_body("plain / text", "plain / text");
    assert_body("say \"5\"\r\n", "say \\\"5\\\"\\r\\n");
    assert_body("a\\b\b\f\t", "a\\\\b\\b\\f\\t");
    assert_body("\x01\x1f\x7f", "\\u0001\\u001F\x7f");
}

static void bytes_that_are_not_utf8_become_question_marks(void **state) {
    (void)state;
    assert_body("\xc3\xbc \xe2\x82\xac \xf0\x9f\x93\xb7", "\xc3\xbc \xe2\x82\xac \xf0\x9f\x93\xb7");
    assert_body("a\xff\xc3", "a??");
}

static void longest_message_fits(void **state) {
    (void)state;
    struct reason reason;
    char body[ERROR_BODY_MAX_BYTES];
    memset(reason.text, 1, sizeof reason.text - 1);
    reason.text[sizeof reason.text - 1] = '\0';
    size_t count = error_body_write("too_many_event_streams_per_address", &reason, body);
    assert_int_equal(strlen(body), count);
    assert_string_equal(body + count - 9, "\\u0001\"}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_escaped_as_json),
        cmocka_unit_test(bytes_that_are_not_utf8_become_question_marks),
        cmocka_unit_test(longest_message_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
