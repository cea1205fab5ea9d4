#include "broker/base/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TIME_BYTES (sizeof "2026-01-01T00:00:00.000Z" - 1)

static struct log_line line;

static const char *format(enum log_shape shape, enum log_level level, const char *camera_id, const char *message) {
    static char text[LOG_LINE_MAX_BYTES + 1];
    log_line_format(&line, shape, level, camera_id, message);
    memcpy(text, line.text, line.count);
    text[line.count] = '\0';
    return text;
}

static void assert_text(const char *message, const char *expected) {
    char whole[LOG_LINE_MAX_BYTES];
    snprintf(whole, sizeof whole, "info door: %s\n", expected);
    assert_string_equal(format(LOG_SHAPE_TEXT, LOG_LEVEL_INFO, "door", message) + TIME_BYTES + 1, whole);
}

static void assert_json(const char *message, const char *expected) {
    char whole[LOG_LINE_MAX_BYTES];
    snprintf(whole, sizeof whole, "\",\"level\":\"info\",\"camera\":\"door\",\"message\":\"%s\"}\n", expected);
    const char *text = format(LOG_SHAPE_JSON, LOG_LEVEL_INFO, "door", message);
    assert_string_equal(text + strlen("{\"time\":\"") + TIME_BYTES, whole);
}

static void text_is_kept(void **state) {
    (void)state;
    assert_text("K\xc3\xbc"
                "che \"1\" C:\\cam \xe2\x82\xac",
                "K\xc3\xbc"
                "che \"1\" C:\\cam \xe2\x82\xac");
    assert_json("K\xc3\xbc"
                "che \xe2\x82\xac",
                "K\xc3\xbc"
                "che \xe2\x82\xac");
}

static void control_characters_are_escaped(void **state) {
    (void)state;
    assert_text("a\r\nb\x1b[2J\x7f", "a\\x0d\\x0ab\\x1b[2J\\x7f");
    assert_json("a\r\nb\x1b[2J\x7f", "a\\u000d\\u000ab\\u001b[2J\\u007f");
    assert_text("next\xc2\x85line", "next\\xc2\\x85line");
    assert_json("next\xc2\x85line", "next\\u0085line");
}

static void broken_utf8_is_escaped(void **state) {
    (void)state;
    assert_text("a\xff\xc3", "a\\xff\\xc3");
    assert_json("a\xff\xc3", "a\\ufffd\\ufffd");
}

static void what_ends_a_json_string_is_escaped(void **state) {
    (void)state;
    assert_json("\"} \\", "\\\"} \\\\");
}

static void json_without_a_camera_says_null(void **state) {
    (void)state;
    assert_non_null(strstr(format(LOG_SHAPE_JSON, LOG_LEVEL_ERROR, NULL, "x"), "\"level\":\"error\",\"camera\":null,"));
}

static void the_journal_gets_priorities_and_no_time(void **state) {
    (void)state;
    assert_string_equal(format(LOG_SHAPE_JOURNAL, LOG_LEVEL_ERROR, NULL, "x"), "<3>x\n");
    assert_string_equal(format(LOG_SHAPE_JOURNAL, LOG_LEVEL_WARNING, "door", "x"), "<4>door: x\n");
    assert_string_equal(format(LOG_SHAPE_JOURNAL, LOG_LEVEL_INFO, "door", "x"), "<6>door: x\n");
    assert_string_equal(format(LOG_SHAPE_JOURNAL, LOG_LEVEL_DEBUG, "door", "x"), "<7>door: x\n");
    const char *json = format(LOG_SHAPE_JOURNAL_JSON, LOG_LEVEL_INFO, "door", "x");
    assert_memory_equal(json, "<6>{\"time\":", strlen("<6>{\"time\":"));
}

/* However long each character becomes, the line is whole and ends as it should. */
static void long_messages_are_cut_between_characters(void **state) {
    (void)state;
    static const char *const characters[] = {"x", "\xe2\x82\xac", "\n", "\"", "\xff", "\xc2\x85"};
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        char message[2 * LOG_LINE_MAX_BYTES] = "";
        size_t count = strlen(characters[i]);
        for (size_t used = 0; used + count < sizeof message; used += count) {
            memcpy(message + used, characters[i], count + 1);
        }
        const char *text = format(LOG_SHAPE_TEXT, LOG_LEVEL_INFO, "door", message);
        assert_in_range(strlen(text), LOG_TEXT_LINE_MAX_BYTES - 12, LOG_TEXT_LINE_MAX_BYTES);
        assert_string_equal(text + strlen(text) - 1, "\n");
        const char *json = format(LOG_SHAPE_JSON, LOG_LEVEL_INFO, "door", message);
        assert_in_range(strlen(json), LOG_LINE_MAX_BYTES - 12, LOG_LINE_MAX_BYTES);
        assert_string_equal(json + strlen(json) - 3, "\"}\n");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_kept),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(broken_utf8_is_escaped),
        cmocka_unit_test(what_ends_a_json_string_is_escaped),
        cmocka_unit_test(json_without_a_camera_says_null),
        cmocka_unit_test(the_journal_gets_priorities_and_no_time),
        cmocka_unit_test(long_messages_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
