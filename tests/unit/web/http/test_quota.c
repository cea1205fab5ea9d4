#include "web/http/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define CAPACITY 100

static struct quota *quota;

static int set_up(void **state) {
    (void)state;
    return quota_create(CAPACITY, &quota) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    quota_destroy(&quota);
    return quota == NULL ? 0 : -1;
}

static void each_address_has_its_own_places(void **state) {
    (void)state;
    assert_true(quota_enter(quota, "192.0.2.1", 2));
    assert_true(quota_enter(quota, "192.0.2.1", 2));
    assert_false(quota_enter(quota, "192.0.2.1", 2));
    assert_true(quota_enter(quota, "192.0.2.2", 2));
    quota_leave(quota, "192.0.2.1");
    assert_true(quota_enter(quota, "192.0.2.1", 2));
    assert_false(quota_enter(quota, "192.0.2.1", 2));
}

static void network_of_an_ipv6_address_counts_as_one(void **state) {
    (void)state;
    assert_true(quota_enter(quota, "2001:db8:1:2::7", 2));
    assert_true(quota_enter(quota, "2001:db8:1:2::8", 2));
    assert_false(quota_enter(quota, "2001:db8:1:2::9", 2));
    assert_true(quota_enter(quota, "2001:db8:1:3::7", 2));
    quota_leave(quota, "2001:db8:1:2::8");
    assert_true(quota_enter(quota, "2001:db8:1:2::9", 2));
}

static void without_a_limit_streams_are_counted_all_the_same(void **state) {
    (void)state;
    for (int i = 0; i < CAPACITY; i++) {
        assert_true(quota_enter(quota, "192.0.2.1", 0));
    }
    assert_false(quota_enter(quota, "192.0.2.1", CAPACITY)); /* a limit that comes later holds */
}

static void a_place_that_is_left_is_free_for_others(void **state) {
    (void)state;
    char address[32];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CAPACITY; i++) {
            snprintf(address, sizeof address, "192.0.%d.%d", round, i);
            assert_true(quota_enter(quota, address, 1));
        }
        assert_false(quota_enter(quota, address, 1));
        for (int i = 0; i < CAPACITY; i++) {
            snprintf(address, sizeof address, "192.0.%d.%d", round, i);
            quota_leave(quota, address);
        }
    }
}

static void an_address_beyond_the_capacity_is_refused(void **state) {
    (void)state;
    char address[32];
    for (int i = 0; i < CAPACITY; i++) {
        snprintf(address, sizeof address, "192.0.2.%d", i);
        assert_true(quota_enter(quota, address, 0));
    }
    assert_false(quota_enter(quota, "198.51.100.1", 0));
    assert_true(quota_enter(quota, address, 0));
    quota_leave(quota, "192.0.2.0");
    assert_true(quota_enter(quota, "198.51.100.1", 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_address_has_its_own_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(network_of_an_ipv6_address_counts_as_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_limit_streams_are_counted_all_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_place_that_is_left_is_free_for_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_beyond_the_capacity_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
