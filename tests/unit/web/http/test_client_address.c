#include "web/http/client_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct address_range ranges[4];
static struct trusted_proxies proxies = {ranges, 4};

static int set_up(void **state) {
    (void)state;
    static const char *const texts[] = {"127.0.0.1", "10.0.0.0/9", "2001:db8::/33", "fd00::1"};
    for (size_t i = 0; i < 4; i++) {
        if (address_range_parse(texts[i], &ranges[i]) != ERR_OK) {
            return -1;
        }
    }
    return 0;
}

/* Whether the header before this one counts. */
static bool trace(const char *peer, const char *forwarded_for, const char *client) {
    char address[ADDRESS_TEXT_BYTES];
    snprintf(address, sizeof address, "%s", peer);
    bool goes_on = client_address_trace(&proxies, string_view_of(forwarded_for), address);
    assert_string_equal(address, client);
    return goes_on;
}

static void assert_client(const char *peer, const char *forwarded_for, const char *client) {
    assert_false(trace(peer, forwarded_for, client));
}

static void ranges_hold_their_addresses(void **state) {
    (void)state;
    static const char *const trusted[] = {"127.0.0.1",        "10.0.0.0", "10.127.255.255",
                                          "2001:db8:7fff::1", "fd00::1",  "::ffff:10.1.2.3"};
    for (size_t i = 0; i < sizeof trusted / sizeof trusted[0]; i++) {
        assert_true(client_address_is_trusted(&proxies, trusted[i]));
    }
    static const char *const strange[] = {"127.0.0.2", "10.128.0.0", "2001:db8:8000::1", "fd00::2", "::1", "", "x"};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        assert_false(client_address_is_trusted(&proxies, strange[i]));
    }
    struct address_range all;
    assert_int_equal(address_range_parse("0.0.0.0/0", &all), ERR_OK);
    const struct trusted_proxies everybody = {&all, 1};
    assert_true(client_address_is_trusted(&everybody, "203.0.113.7"));
    assert_false(client_address_is_trusted(&everybody, "::1"));
}

static void what_is_no_range_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",       "localhost",   "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0",
        "::/129", "fd00::/0008", "/8",          "[::1]",     "10.0.0.1:80", "10.0.0.0/ 8"};
    struct address_range range;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(address_range_parse(texts[i], &range), ERR_INVALID);
    }
}

static void the_rightmost_that_is_no_proxy_is_the_client(void **state) {
    (void)state;
    assert_client("127.0.0.1", "203.0.113.7", "203.0.113.7");
    assert_client("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7");
    assert_client("127.0.0.1", "203.0.113.7,10.1.2.3 ,\t10.1.2.4", "203.0.113.7");
    assert_client("fd00::1", "2001:db8:ffff::9", "2001:db8:ffff::9");
    assert_client("127.0.0.1", "203.0.113.7:5123", "203.0.113.7");
    assert_client("127.0.0.1", "[2001:db8:ffff::9]:5123", "2001:db8:ffff::9");
}

static void a_stranger_is_himself_whatever_he_says(void **state) {
    (void)state;
    assert_client("203.0.113.7", "198.51.100.1", "203.0.113.7");
}

static void what_is_no_address_ends_the_list(void **state) {
    (void)state;
    assert_client("127.0.0.1", "unknown", "127.0.0.1");
    assert_client("127.0.0.1", "203.0.113.7, _hidden, 10.1.2.3", "10.1.2.3");
    assert_client("127.0.0.1", "203.0.113.7,", "127.0.0.1");
    assert_client("127.0.0.1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                  "127.0.0.1");
}

static void a_header_of_proxies_alone_leads_to_the_one_before(void **state) {
    (void)state;
    assert_true(trace("127.0.0.1", "10.1.2.3, 10.1.2.4", "10.1.2.3"));
    assert_true(trace("127.0.0.1", "", "127.0.0.1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_hold_their_addresses),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(the_rightmost_that_is_no_proxy_is_the_client),
        cmocka_unit_test(a_stranger_is_himself_whatever_he_says),
        cmocka_unit_test(what_is_no_address_ends_the_list),
        cmocka_unit_test(a_header_of_proxies_alone_leads_to_the_one_before),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
