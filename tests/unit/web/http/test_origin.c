#include "web/http/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct authority host_of(const char *text) {
    struct authority host;
    assert_int_equal(authority_parse(string_view_of(text), &host), ERR_OK);
    return host;
}

static bool is_own(const struct origin_settings *settings, const char *text) {
    struct authority host = host_of(text);
    return origin_is_own_host(settings, &host);
}

static bool may_change(const struct origin_settings *settings, const char *origin, const char *own) {
    struct authority host = host_of(own);
    return origin_may_change(settings, origin, &host);
}

static void only_names_that_nobody_else_can_give_away_are_ours(void **state) {
    (void)state;
    struct origin_settings settings = {.host_count = 0};
    static const char *const ours[] = {"localhost", "LOCALHOST:8080", "cams.localhost", "127.0.0.1:8080",
                                       "192.0.2.1", "[::1]:8080",     "localhost."};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        assert_true(is_own(&settings, ours[i]));
    }
    static const char *const foreign[] = {
        "evil.example", "notlocalhost", "localhost.evil.example", "127.0.0.1.evil.example", "127.1",
        "2130706433",   "cams"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_false(is_own(&settings, foreign[i]));
    }
}

static void configured_names_are_ours(void **state) {
    (void)state;
    struct origin_settings settings = {.host_count = 0};
    assert_int_equal(origin_add_host(&settings, "Cams.example.org"), ERR_OK);
    assert_int_equal(origin_add_host(&settings, "nvr.lan:8443"), ERR_OK);
    assert_true(is_own(&settings, "cams.example.org"));
    assert_true(is_own(&settings, "cams.example.org:99"));
    assert_true(is_own(&settings, "nvr.lan:8443"));
    assert_false(is_own(&settings, "nvr.lan"));
    assert_false(is_own(&settings, "x.cams.example.org"));
    assert_int_equal(origin_add_host(&settings, "http://cams"), ERR_INVALID);
    assert_int_equal(origin_add_host(&settings, "127.0.0.1"), ERR_INVALID); /* addresses are ours anyway */
    assert_int_equal(origin_add_host(&settings, "*"), ERR_INVALID);
    while (settings.host_count < ORIGIN_HOSTS_MAX) {
        assert_int_equal(origin_add_host(&settings, "a"), ERR_OK);
    }
    assert_int_equal(origin_add_host(&settings, "a"), ERR_BUSY);
}

static void only_our_pages_and_listed_ones_change_things(void **state) {
    (void)state;
    struct origin_settings settings = {.origin_count = 0};
    assert_int_equal(origin_add(&settings, "https://dash.example"), ERR_OK);
    assert_true(may_change(&settings, "http://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_true(may_change(&settings, "http://cams.example", "cams.example"));
    assert_true(may_change(&settings, "https://cams.example", "cams.example"));
    assert_true(may_change(&settings, "https://cams.example:8443", "cams.example:8443"));
    assert_true(may_change(&settings, "http://[::1]:8080", "[::1]:8080"));
    assert_true(may_change(&settings, "https://dash.example", "cams.example"));
    static const char *const foreign[] = {"null",
                                          "",
                                          "http://dash.example",
                                          "https://dash.example:444",
                                          "http://cams.example:8080",
                                          "https://cams.example.evil",
                                          "cams.example",
                                          "https://dash.example.evil"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_false(may_change(&settings, foreign[i], "cams.example"));
    }
    struct origin_settings any = {.origin_count = 0};
    assert_int_equal(origin_add(&any, "*"), ERR_OK);
    assert_false(may_change(&any, "https://dash.example", "cams.example"));
}

static void origins_are_kept_as_browsers_write_them(void **state) {
    (void)state;
    static const struct {
        const char *text, *kept;
    } cases[] = {
        {"https://Dash.Example/", "https://dash.example"}, {"https://dash.example:443", "https://dash.example"},
        {"http://dash.example:80", "http://dash.example"}, {"http://dash.example:443", "http://dash.example:443"},
        {"http://[::1]:8123", "http://[::1]:8123"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct origin_settings settings = {.origin_count = 0};
        assert_int_equal(origin_add(&settings, cases[i].text), ERR_OK);
        assert_string_equal(settings.origins[0], cases[i].kept);
        assert_int_equal(origin_add(&settings, "*"), ERR_INVALID);
    }
    struct origin_settings settings = {.any_origin = true};
    assert_int_equal(origin_add(&settings, "https://dash.example"), ERR_INVALID);
}

static void assert_headers(const struct origin_settings *settings, const char *origin, const char *expected) {
    char headers[ORIGIN_HEADERS_MAX_BYTES];
    origin_write_headers(settings, origin, headers);
    assert_string_equal(headers, expected);
}

static void answers_say_who_may_read_them(void **state) {
    (void)state;
#define EXPOSE                                                                                                         \
    "Access-Control-Expose-Headers: X-Timestamp, X-Sequence, X-Camera-Id, X-Camera-State, ETag, Retry-After\r\n"
    struct origin_settings settings = {.origin_count = 0};
    assert_headers(&settings, "https://dash.example", "Cross-Origin-Resource-Policy: same-site\r\n");
    assert_int_equal(origin_add(&settings, "https://dash.example"), ERR_OK);
    assert_headers(&settings, NULL, "Cross-Origin-Resource-Policy: cross-origin\r\nVary: Origin\r\n");
    assert_headers(&settings, "https://evil.example", "Cross-Origin-Resource-Policy: cross-origin\r\nVary: Origin\r\n");
    assert_headers(
        &settings, "https://dash.example",
        "Cross-Origin-Resource-Policy: cross-origin\r\nVary: Origin\r\n"
        "Access-Control-Allow-Origin: https://dash.example\r\nAccess-Control-Allow-Credentials: true\r\n" EXPOSE);
    struct origin_settings any = {.any_origin = true};
    assert_headers(&any, "https://evil.example",
                   "Cross-Origin-Resource-Policy: cross-origin\r\nAccess-Control-Allow-Origin: *\r\n" EXPOSE);
}

static void the_longest_origin_fits(void **state) {
    (void)state;
    char longest[ORIGIN_MAX_BYTES + 2] = "https://";
    memset(longest + strlen(longest), 'a', AUTHORITY_HOST_MAX_BYTES);
    strcat(longest, ":65535");
    struct origin_settings settings = {.origin_count = 0};
    assert_int_equal(origin_add(&settings, longest), ERR_OK);
    assert_string_equal(settings.origins[0], longest);
    char headers[ORIGIN_HEADERS_MAX_BYTES];
    origin_write_headers(&settings, longest, headers);
    assert_string_equal(headers + strlen(headers) - 2, "\r\n");
    assert_non_null(strstr(headers, "Retry-After\r\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_names_that_nobody_else_can_give_away_are_ours),
        cmocka_unit_test(configured_names_are_ours),
        cmocka_unit_test(only_our_pages_and_listed_ones_change_things),
        cmocka_unit_test(origins_are_kept_as_browsers_write_them),
        cmocka_unit_test(answers_say_who_may_read_them),
        cmocka_unit_test(the_longest_origin_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
