#include "web/views/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_html(const char *text, const char *expected) {
    char *written = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&written, &count);
    assert_non_null(out);
    escape_html(out, text);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, expected);
    free(written);
}

static void assert_utf8(const char *text, const char *expected) {
    char clean[64];
    escape_utf8(text, clean, sizeof clean);
    assert_string_equal(clean, expected);
}

static void markup_becomes_text(void **state) {
    (void)state;
    assert_html("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_html("Tom & \"Jerry\"'s", "Tom &amp; &quot;Jerry&quot;&#39;s");
    assert_html("&amp;", "&amp;amp;");
}

static void other_characters_stay(void **state) {
    (void)state;
    assert_html("", "");
    assert_html("Küche 1 × 2 {{name}}", "Küche 1 × 2 {{name}}");
}

static void well_formed_utf8_is_kept(void **state) {
    (void)state;
    assert_utf8("plain", "plain");
    assert_utf8("\xc3\xbc \xe2\x82\xac \xf0\x9f\x93\xb7", "\xc3\xbc \xe2\x82\xac \xf0\x9f\x93\xb7");
    assert_utf8("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void broken_utf8_becomes_question_marks(void **state) {
    (void)state;
    assert_utf8("a\xff"
                "b\x80",
                "a?b?");
    assert_utf8("\xc0\xaf", "??");           /* overlong / */
    assert_utf8("\xe0\x80\xaf", "???");      /* overlong / */
    assert_utf8("\xf0\x8f\xbf\xbf", "????"); /* overlong U+FFFF */
    assert_utf8("\xed\xa0\x80", "???");      /* a surrogate */
    assert_utf8("\xf4\x90\x80\x80", "????"); /* above U+10FFFF */
    assert_utf8("\xf5\x80\x80\x80", "????");
    assert_utf8("\xe2\x82 b", "?? b"); /* cut in the middle */
    assert_utf8("\xe2\x82", "??");     /* cut at the end */
    assert_utf8("\xf0\x9f\x93", "???");
}

static void long_text_is_cut_between_characters(void **state) {
    (void)state;
    char clean[4];
    escape_utf8("abcdef", clean, sizeof clean);
    assert_string_equal(clean, "abc");
    escape_utf8("ab\xc3\xbc", clean, sizeof clean);
    assert_string_equal(clean, "ab");
    escape_utf8("a\xc3\xbc", clean, sizeof clean);
    assert_string_equal(clean, "a\xc3\xbc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_becomes_text),
        cmocka_unit_test(other_characters_stay),
        cmocka_unit_test(well_formed_utf8_is_kept),
        cmocka_unit_test(broken_utf8_becomes_question_marks),
        cmocka_unit_test(long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
