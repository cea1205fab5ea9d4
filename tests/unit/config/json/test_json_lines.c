#include "tests/unit/config/support.h"

#include "config/json/json_lines.h"

static struct json_lines *scan(const char *text) {
    struct json_lines *lines = NULL;
    assert_int_equal(json_lines_scan(text, strlen(text), &lines), ERR_OK);
    return lines;
}

static void value_is_on_the_line_of_its_key(void **state) {
    (void)state;
    struct json_lines *lines = scan("\n{\n\"a\"\n:\n1,\"b\":[\n2,\r\n\"c\"],\n\n\"d\":true}");
    static const unsigned expected[] = {2, 3, 5, 6, 7, 9};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(json_lines_at(lines, i), expected[i]);
    }
    json_lines_destroy(&lines);
    assert_null(lines);
}

static void next_skips_what_a_value_holds(void **state) {
    (void)state;
    struct json_lines *lines = scan("{\"a\":{\"b\":[1,[2,{}],[]],\"c\":null},\"d\":-1.5e3}");
    /* 0 root, 1 a, 2 b, 3 1, 4 [2,{}], 5 2, 6 {}, 7 [], 8 c, 9 d */
    static const size_t expected[] = {10, 9, 8, 4, 7, 6, 7, 8, 9, 10};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(json_lines_next(lines, i), expected[i]);
    }
    json_lines_destroy(&lines);
}

static void strings_hide_what_is_in_them(void **state) {
    (void)state;
    struct json_lines *lines = scan("[\"]\\\"[{,:\\\\\",\n\"\\\\\" ,\n{\"}:\\\"\" : \"x\"}]");
    assert_int_equal(json_lines_next(lines, 0), 5);
    assert_int_equal(json_lines_at(lines, 1), 1);
    assert_int_equal(json_lines_at(lines, 2), 2);
    assert_int_equal(json_lines_at(lines, 3), 3);
    assert_int_equal(json_lines_next(lines, 3), 5);
    json_lines_destroy(&lines);
}

static void deep_nesting_needs_no_stack(void **state) {
    (void)state;
    enum { DEPTH = 1000000 };
    char *text = malloc(2 * DEPTH + 1);
    assert_non_null(text);
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    text[2 * DEPTH] = '\0';
    struct json_lines *lines = scan(text);
    assert_int_equal(json_lines_next(lines, DEPTH - 1), DEPTH);
    json_lines_destroy(&lines);
    free(text);
}

static void broken_text_does_no_harm(void **state) {
    (void)state;
    static const char *const texts[] = {"", "]", "}{", "\"", "\"\\", "{\"a\":", "[[", "a\"b", ":::\"x\":"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t length = strlen(texts[i]);
        char *exact = malloc(length + 1); /* so that a read beyond the end is seen */
        assert_non_null(exact);
        memcpy(exact, texts[i], length);
        exact = realloc(exact, length > 0 ? length : 1);
        assert_non_null(exact);
        struct json_lines *lines = NULL;
        assert_int_equal(json_lines_scan(exact, length, &lines), ERR_OK);
        json_lines_destroy(&lines);
        free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_is_on_the_line_of_its_key), cmocka_unit_test(next_skips_what_a_value_holds),
        cmocka_unit_test(strings_hide_what_is_in_them),    cmocka_unit_test(deep_nesting_needs_no_stack),
        cmocka_unit_test(broken_text_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
