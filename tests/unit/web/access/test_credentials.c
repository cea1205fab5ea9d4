#include "web/access/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_kind(const char *authorization, enum credentials_kind kind) {
    struct credentials credentials;
    credentials_parse(authorization, &credentials);
    if (credentials.kind != kind) {
        fail_msg("%s is of kind %d", authorization, (int)credentials.kind);
    }
}

static void assert_basic(const char *authorization, const char *name, const char *password) {
    struct credentials credentials;
    credentials_parse(authorization, &credentials);
    assert_int_equal(credentials.kind, CREDENTIALS_BASIC);
    assert_string_equal(credentials.name, name);
    assert_string_equal(credentials.secret, password);
}

static void basic_is_a_name_and_a_password(void **state) {
    (void)state;
    assert_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"); /* RFC 7617 */
    assert_basic("Basic dGVzdDoxMjPCow==", "test", "123£");
    assert_basic("basic   YTpiOmM=", "a", "b:c");
    assert_basic("BASIC Og==", "", "");
}

static void malformed_basic_is_told_apart(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Basic",
        "Basic ",
        "BasicQTpi",
        "Basic QQ==",
        "Basic QTpi=",
        "Basic QTp",
        "Basic QTpi QQ",
        "Basic \"QTpi\"",
        "Basic QToA",
        "Basic QTpi\r\n",
        "Basic AEE6Yg==" /* \0A:b */,
        "Negotiate abc",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_kind(texts[i], CREDENTIALS_MALFORMED);
    }
    assert_kind(NULL, CREDENTIALS_NONE);
}

static void parts_that_are_too_long_are_malformed(void **state) {
    (void)state;
    char text[4096] = "Basic ";
    memset(text + 6, 'Q', sizeof text - 7);
    assert_kind(text, CREDENTIALS_MALFORMED);
    /* "AAA" * 21, "A:" and "b": a name of 64; then with one more A. */
    char fits[] = "Basic QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQTpi";
    char exceeds[] =
        "Basic QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE6Yg==";
    assert_kind(fits, CREDENTIALS_BASIC);
    assert_kind(exceeds, CREDENTIALS_MALFORMED);
    char token[300] = "Bearer ";
    memset(token + 7, 'a', PASSWORD_MAX_BYTES);
    assert_kind(token, CREDENTIALS_BEARER);
    token[7 + PASSWORD_MAX_BYTES] = 'a';
    assert_kind(token, CREDENTIALS_MALFORMED);
}

static void bearer_is_a_token(void **state) {
    (void)state;
    struct credentials credentials;
    credentials_parse("bearer a-Z_0.~+/=", &credentials);
    assert_int_equal(credentials.kind, CREDENTIALS_BEARER);
    assert_string_equal(credentials.secret, "a-Z_0.~+/=");
    assert_kind("Bearer ", CREDENTIALS_MALFORMED);
    assert_kind("Bearer a b", CREDENTIALS_MALFORMED);
    assert_kind("Bearer ä", CREDENTIALS_MALFORMED);
}

static void assert_cookie(const char *header, const char *value) {
    size_t count = 0;
    const char *found = credentials_find_cookie(header, "s", &count);
    if (value == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_int_equal(count, strlen(value));
    assert_memory_equal(found, value, count);
}

static void cookie_is_found_among_others(void **state) {
    (void)state;
    assert_cookie("s=1", "1");
    assert_cookie("a=b; s=1; c=d", "1");
    assert_cookie("a=b;s=1", "1");
    assert_cookie("s=1; s=2", "1");
    assert_cookie("s=", "");
    assert_cookie("s=a=b", "a=b");
    assert_cookie("ss=1; as=2; S=3; s", NULL);
    assert_cookie("a=s=1", NULL);
    assert_cookie("", NULL);
    assert_cookie("; ; ;", NULL);
    assert_cookie(NULL, NULL);
}

static void bearer_is_found_whatever_the_case_of_its_scheme(void **state) {
    (void)state;
    assert_string_equal(credentials_find_bearer("Bearer a b!"), "a b!");
    assert_string_equal(credentials_find_bearer("bEARER  key"), "key");
    assert_string_equal(credentials_find_bearer("BEARER "), "");
    assert_null(credentials_find_bearer("Bearerkey"));
    assert_null(credentials_find_bearer("Basic key"));
    assert_null(credentials_find_bearer(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bearer_is_found_whatever_the_case_of_its_scheme),
        cmocka_unit_test(basic_is_a_name_and_a_password),
        cmocka_unit_test(malformed_basic_is_told_apart),
        cmocka_unit_test(parts_that_are_too_long_are_malformed),
        cmocka_unit_test(bearer_is_a_token),
        cmocka_unit_test(cookie_is_found_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
