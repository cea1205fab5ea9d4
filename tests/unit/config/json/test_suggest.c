#include "tests/unit/config/support.h"

#include "config/json/suggest.h"

static const char *const words[] = {"id", "fps", "name", "files", "width", "height", "idle_timeout_s"};

static const char *match(const char *word) { return suggest(word, words, sizeof words / sizeof words[0]); }

static void typing_errors_are_forgiven(void **state) {
    (void)state;
    assert_string_equal(match("file"), "files");
    assert_string_equal(match("filess"), "files");
    assert_string_equal(match("fikes"), "files");
    assert_string_equal(match("flies"), "files");
    assert_string_equal(match("FPS"), "fps");
    assert_string_equal(match("heihgt"), "height");
    assert_string_equal(match("idle_timeout"), "idle_timeout_s");
}

static void other_words_match_nothing(void **state) {
    (void)state;
    assert_null(match(""));
    assert_null(match("rate"));
    assert_null(match("resolution"));
    assert_null(match("a_word_that_is_longer_than_any_key_could_be"));
    assert_null(suggest("id", words, 0));
}

static void nearest_of_several_wins(void **state) {
    (void)state;
    static const char *const close[] = {"abcdefgh", "abcdefxh", "abcdexxh"};
    assert_string_equal(suggest("abcdefxh", close, 3), "abcdefxh");
    assert_string_equal(suggest("abcdexh", close, 3), "abcdefxh");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typing_errors_are_forgiven),
        cmocka_unit_test(other_words_match_nothing),
        cmocka_unit_test(nearest_of_several_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
