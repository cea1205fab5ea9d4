#include "web/throttle.h"

#include "broker/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW_NS (1000 * NS_PER_S)
#define ADDRESSES_MAX 1024

static int begin(void **state) { return throttle_create((struct throttle **)state) == ERR_OK ? 0 : -1; }

static int end(void **state) {
    throttle_destroy((struct throttle **)state);
    return 0;
}

static void fail_times(struct throttle *throttle, const char *address, unsigned times, int64_t now_ns) {
    for (unsigned i = 0; i < times; i++) {
        throttle_failed(throttle, address, now_ns);
    }
}

static void two_failures_are_free(void **state) {
    assert_int_equal(throttle_wait_ns(*state, "a", NOW_NS), 0);
    fail_times(*state, "a", 2, NOW_NS);
    assert_int_equal(throttle_wait_ns(*state, "a", NOW_NS), 0);
}

static void delay_doubles_up_to_a_minute(void **state) {
    static const int64_t delays_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    fail_times(*state, "a", 2, NOW_NS);
    for (size_t i = 0; i < sizeof delays_s / sizeof delays_s[0]; i++) {
        throttle_failed(*state, "a", NOW_NS);
        assert_int_equal(throttle_wait_ns(*state, "a", NOW_NS), delays_s[i] * NS_PER_S);
        assert_int_equal(throttle_wait_ns(*state, "a", NOW_NS + delays_s[i] * NS_PER_S), 0);
    }
}

static void tries_at_once_are_those_that_are_free(void **state) {
    static const unsigned tries[] = {3, 2, 1, 1, 1};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        assert_int_equal(throttle_tries_at_once(*state, "a"), tries[i]);
        throttle_failed(*state, "a", NOW_NS);
    }
    assert_int_equal(throttle_tries_at_once(*state, "b"), 3);
}

static void other_addresses_do_not_wait(void **state) {
    fail_times(*state, "127.0.0.1", 5, NOW_NS);
    assert_int_equal(throttle_wait_ns(*state, "127.0.0.10", NOW_NS), 0);
    assert_int_equal(throttle_wait_ns(*state, "127.0.0.", NOW_NS), 0);
}

static void network_of_an_ipv6_address_waits_with_it(void **state) {
    fail_times(*state, "2001:db8:1:2::7", 5, NOW_NS);
    assert_true(throttle_wait_ns(*state, "2001:db8:1:2:aaaa:bbbb:cccc:dddd", NOW_NS) > 0);
    assert_int_equal(throttle_wait_ns(*state, "2001:db8:1:3::7", NOW_NS), 0);
    fail_times(*state, "::ffff:192.0.2.1", 5, NOW_NS);
    assert_int_equal(throttle_wait_ns(*state, "::ffff:192.0.2.2", NOW_NS), 0);
}

static void address_is_as_new_after_ten_minutes(void **state) {
    fail_times(*state, "a", 20, NOW_NS);
    fail_times(*state, "a", 2, NOW_NS + 601 * NS_PER_S);
    assert_int_equal(throttle_wait_ns(*state, "a", NOW_NS + 601 * NS_PER_S), 0);
}

static void full_table_forgets_who_failed_longest_ago(void **state) {
    char address[16];
    fail_times(*state, "first", 5, NOW_NS);
    fail_times(*state, "second", 5, NOW_NS + 1);
    for (int i = 0; i < ADDRESSES_MAX - 1; i++) {
        snprintf(address, sizeof address, "a%d", i);
        fail_times(*state, address, 5, NOW_NS + 2 + i);
    }
    assert_int_equal(throttle_wait_ns(*state, "first", NOW_NS + 2), 0);
    assert_true(throttle_wait_ns(*state, "second", NOW_NS + 2) > 0);
    assert_true(throttle_wait_ns(*state, address, NOW_NS + 2) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(two_failures_are_free),
        TEST(delay_doubles_up_to_a_minute),
        TEST(tries_at_once_are_those_that_are_free),
        TEST(other_addresses_do_not_wait),
        TEST(network_of_an_ipv6_address_waits_with_it),
        TEST(address_is_as_new_after_ten_minutes),
        TEST(full_table_forgets_who_failed_longest_ago),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
