#include "web/access/login_throttle.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW_NS (1000 * NS_PER_S)
#define ADDRESSES_MAX 1024

static struct login_attempt attempt_from(const char *address) {
    return (struct login_attempt){SECRET_PASSWORD, address, "anna"};
}

static int64_t wait_of(struct login_throttle *throttle, const char *address, int64_t now_ns) {
    const struct login_attempt attempt = attempt_from(address);
    return login_throttle_wait_ns(throttle, &attempt, now_ns);
}

static void fail_once(struct login_throttle *throttle, const char *address, int64_t now_ns) {
    const struct login_attempt attempt = attempt_from(address);
    login_throttle_note_failure(throttle, &attempt, now_ns);
}

static unsigned max_concurrent_of(struct login_throttle *throttle, const char *address) {
    const struct login_attempt attempt = attempt_from(address);
    return login_throttle_max_concurrent(throttle, &attempt);
}

static int begin(void **state) { return login_throttle_create((struct login_throttle **)state) == ERR_OK ? 0 : -1; }

static int end(void **state) {
    login_throttle_destroy((struct login_throttle **)state);
    return 0;
}

static void fail_times(struct login_throttle *throttle, const char *address, unsigned times, int64_t now_ns) {
    for (unsigned i = 0; i < times; i++) {
        fail_once(throttle, address, now_ns);
    }
}

static void two_failures_are_free(void **state) {
    assert_int_equal(wait_of(*state, "a", NOW_NS), 0);
    fail_times(*state, "a", 2, NOW_NS);
    assert_int_equal(wait_of(*state, "a", NOW_NS), 0);
}

static void delay_doubles_up_to_a_minute(void **state) {
    static const int64_t delays_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    fail_times(*state, "a", 2, NOW_NS);
    for (size_t i = 0; i < sizeof delays_s / sizeof delays_s[0]; i++) {
        fail_once(*state, "a", NOW_NS);
        assert_int_equal(wait_of(*state, "a", NOW_NS), delays_s[i] * NS_PER_S);
        assert_int_equal(wait_of(*state, "a", NOW_NS + delays_s[i] * NS_PER_S), 0);
    }
}

static void concurrent_attempts_are_those_that_may_fail(void **state) {
    static const unsigned tries[] = {3, 2, 1, 1, 1};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        assert_int_equal(max_concurrent_of(*state, "a"), tries[i]);
        fail_once(*state, "a", NOW_NS);
    }
    assert_int_equal(max_concurrent_of(*state, "b"), 3);
}

static void other_addresses_do_not_wait(void **state) {
    fail_times(*state, "127.0.0.1", 5, NOW_NS);
    assert_int_equal(wait_of(*state, "127.0.0.10", NOW_NS), 0);
    assert_int_equal(wait_of(*state, "127.0.0.", NOW_NS), 0);
}

static void network_of_an_ipv6_address_waits_with_it(void **state) {
    fail_times(*state, "2001:db8:1:2::7", 5, NOW_NS);
    assert_true(wait_of(*state, "2001:db8:1:2:aaaa:bbbb:cccc:dddd", NOW_NS) > 0);
    assert_int_equal(wait_of(*state, "2001:db8:1:3::7", NOW_NS), 0);
    fail_times(*state, "::ffff:192.0.2.1", 5, NOW_NS);
    assert_int_equal(wait_of(*state, "::ffff:192.0.2.2", NOW_NS), 0);
}

static void address_is_as_new_after_ten_minutes(void **state) {
    fail_times(*state, "a", 20, NOW_NS);
    fail_times(*state, "a", 2, NOW_NS + 601 * NS_PER_S);
    assert_int_equal(wait_of(*state, "a", NOW_NS + 601 * NS_PER_S), 0);
}

static void full_table_drops_the_oldest_failure(void **state) {
    char address[16];
    fail_times(*state, "first", 5, NOW_NS);
    fail_times(*state, "second", 5, NOW_NS + 1);
    for (int i = 0; i < ADDRESSES_MAX - 1; i++) {
        snprintf(address, sizeof address, "a%d", i);
        fail_times(*state, address, 5, NOW_NS + 2 + i);
    }
    assert_int_equal(wait_of(*state, "first", NOW_NS + 2), 0);
    assert_true(wait_of(*state, "second", NOW_NS + 2) > 0);
    assert_true(wait_of(*state, address, NOW_NS + 2) > 0);
}

static void kinds_of_secrets_are_throttled_apart(void **state) {
    fail_times(*state, "a", 5, NOW_NS);
    const struct login_attempt token = {SECRET_TOKEN, "a", ""}, password = {SECRET_PASSWORD, "a", "bob"};
    assert_int_equal(login_throttle_wait_ns(*state, &token, NOW_NS), 0);
    assert_true(login_throttle_wait_ns(*state, &password, NOW_NS) > 0);
}

static void known_account_does_not_wait_for_guesses_at_others(void **state) {
    const struct login_attempt anna = {SECRET_PASSWORD, "a", "anna"}, bob = {SECRET_PASSWORD, "a", "bob"};
    login_throttle_note_success(*state, &anna, NOW_NS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(login_throttle_note_failure(*state, &bob, NOW_NS), 0);
    }
    assert_true(login_throttle_wait_ns(*state, &bob, NOW_NS) > 0);
    assert_int_equal(login_throttle_wait_ns(*state, &anna, NOW_NS), 0);
}

static void guesses_at_a_known_account_are_throttled_as_well(void **state) {
    const struct login_attempt anna = {SECRET_PASSWORD, "a", "anna"};
    login_throttle_note_success(*state, &anna, NOW_NS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(login_throttle_note_failure(*state, &anna, NOW_NS), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(login_throttle_wait_ns(*state, &anna, NOW_NS), 0);
        assert_int_equal(login_throttle_note_failure(*state, &anna, NOW_NS), NS_PER_S);
    }
    assert_int_equal(login_throttle_wait_ns(*state, &anna, NOW_NS), NS_PER_S);
}

static void standing_follows_what_an_address_has_done_lately(void **state) {
    const struct login_attempt attempt = attempt_from("a");
    assert_int_equal(login_throttle_standing(*state, &attempt, NOW_NS), STANDING_NEW);
    fail_once(*state, "a", NOW_NS);
    assert_int_equal(login_throttle_standing(*state, &attempt, NOW_NS), STANDING_FAILING);
    login_throttle_note_success(*state, &attempt, NOW_NS);
    assert_int_equal(login_throttle_standing(*state, &attempt, NOW_NS), STANDING_KNOWN);
    assert_int_equal(login_throttle_standing(*state, &attempt, NOW_NS + 25 * 3600 * NS_PER_S), STANDING_NEW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(two_failures_are_free),
        TEST(delay_doubles_up_to_a_minute),
        TEST(concurrent_attempts_are_those_that_may_fail),
        TEST(other_addresses_do_not_wait),
        TEST(network_of_an_ipv6_address_waits_with_it),
        TEST(address_is_as_new_after_ten_minutes),
        TEST(kinds_of_secrets_are_throttled_apart),
        TEST(known_account_does_not_wait_for_guesses_at_others),
        TEST(guesses_at_a_known_account_are_throttled_as_well),
        TEST(standing_follows_what_an_address_has_done_lately),
        TEST(full_table_drops_the_oldest_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
