#include "web/http/authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void hosts_are_read_with_and_without_a_port(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum authority_kind kind;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"localhost", AUTHORITY_NAME, "localhost", 0},
        {"Cams.Example.ORG:8443", AUTHORITY_NAME, "cams.example.org", 8443},
        {"cams.example.org.", AUTHORITY_NAME, "cams.example.org", 0},
        {"a_b-c.1:", AUTHORITY_NAME, "a_b-c.1", 0},
        {"127.0.0.1:65535", AUTHORITY_IPV4, "127.0.0.1", 65535},
        {"127.1", AUTHORITY_NAME, "127.1", 0},
        {"[::1]", AUTHORITY_IPV6, "::1", 0},
        {"[2001:DB8::1]:80", AUTHORITY_IPV6, "2001:db8::1", 80},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct authority authority;
        assert_int_equal(authority_parse(string_view_of(cases[i].text), &authority), ERR_OK);
        assert_int_equal(authority.kind, cases[i].kind);
        assert_string_equal(authority.host, cases[i].host);
        assert_int_equal(authority.port, cases[i].port);
    }
}

static void what_is_no_host_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",         ".",        ":80",  "a:b",    "a:0", "a:65536", "a:80:90",      "a b",         "user@a",
        "a/b",      "<script>", "[::1", "[::1]x", "[a]", "::1",     "[::1]:x",      "[127.0.0.1]", "a\r\nb",
        "\xc3\xbc", "a:-1",     "a:+1", "..",     ".a",  "[]",      "[::1%25eth0]", "a?b",         "*",
    };
    struct authority authority;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (authority_parse(string_view_of(texts[i]), &authority) != ERR_INVALID) {
            fail_msg("taken: %s", texts[i]);
        }
    }
    char longest[AUTHORITY_HOST_MAX_BYTES + 3];
    memset(longest, 'a', sizeof longest);
    assert_int_equal(authority_parse((struct string_view){longest, AUTHORITY_HOST_MAX_BYTES}, &authority), ERR_OK);
    assert_int_equal(authority_parse((struct string_view){longest, AUTHORITY_HOST_MAX_BYTES + 1}, &authority),
                     ERR_INVALID);
}

static void origins_have_the_port_of_their_scheme(void **state) {
    (void)state;
    struct authority authority;
    assert_int_equal(authority_parse_origin(string_view_of("http://a.example"), &authority), ERR_OK);
    assert_int_equal(authority.port, 80);
    assert_int_equal(authority_parse_origin(string_view_of("https://a.example/x?y"), &authority), ERR_OK);
    assert_int_equal(authority.port, 443);
    assert_string_equal(authority.host, "a.example");
    assert_int_equal(authority_parse_origin(string_view_of("http://[::1]:8080"), &authority), ERR_OK);
    assert_int_equal(authority.port, 8080);
    static const char *const texts[] = {"null", "", "a.example", "ftp://a", "http://", "https:///x", "HTTP://a", "//a"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(authority_parse_origin(string_view_of(texts[i]), &authority), ERR_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_read_with_and_without_a_port),
        cmocka_unit_test(what_is_no_host_is_refused),
        cmocka_unit_test(origins_have_the_port_of_their_scheme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
