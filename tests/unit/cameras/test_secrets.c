#include "cameras/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct secrets *add(const char *text) {
    struct secrets *secrets;
    assert_int_equal(secrets_create(&secrets), ERR_OK);
    assert_int_equal(secrets_add(secrets, text, strlen(text)), ERR_OK);
    return secrets;
}

static void assert_masked(const char *text, const char *expected) {
    char masked[200];
    snprintf(masked, sizeof masked, "%s", text);
    secrets_mask(masked);
    assert_string_equal(masked, expected);
}

static void secret_is_masked_wherever_it_stands(void **state) {
    (void)state;
    struct secrets *secrets = add("pa ss'word");
    assert_masked("pa ss'word", "***");
    assert_masked("srt://host:1?passphrase=pa ss'wordand more", "srt://host:1?passphrase=***and more");
    assert_masked("xpa ss'wordpa ss'word", "x******");
    assert_masked("pa ss'wor", "pa ss'wor");
    secrets_destroy(&secrets);
    assert_masked("pa ss'word", "pa ss'word");
}

static void encoded_secret_is_masked(void **state) {
    (void)state;
    struct secrets *secrets = add("pa ss'w%rd");
    assert_masked("a=pa%20ss%27w%25rd", "a=***");
    assert_masked("a=%70a+ss'w%25%72d.", "a=***.");
    assert_masked("a=pa%2", "a=pa%2");
    secrets_destroy(&secrets);
    secrets = add("100%25 mine");
    assert_masked("100%25 mine 100%2525%20mine", "*** ***");
    secrets_destroy(&secrets);
}

static void short_secret_is_masked_as_a_word(void **state) {
    (void)state;
    struct secrets *secrets = add("abc");
    assert_masked("abc abcd =abc& xabc %61bc", "*** abcd =***& xabc ***");
    secrets_destroy(&secrets);
    secrets = add("1");
    assert_masked("frame 10 of 1", "frame 10 of *");
    secrets_destroy(&secrets);
}

static void secrets_of_all_cameras_are_masked(void **state) {
    (void)state;
    struct secrets *first = add("first-secret"), *second = add("first-secret-and-more"), *third = add("third-secret");
    assert_int_equal(secrets_add(third, "", 0), ERR_OK);
    assert_masked("first-secret-and-more third-secret", "*** ***");
    secrets_destroy(&second);
    assert_masked("first-secret-and-more third-secret", "***-and-more ***");
    secrets_destroy(&first);
    secrets_destroy(&third);
    secrets_destroy(&third);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_is_masked_wherever_it_stands),
        cmocka_unit_test(encoded_secret_is_masked),
        cmocka_unit_test(short_secret_is_masked_as_a_word),
        cmocka_unit_test(secrets_of_all_cameras_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
