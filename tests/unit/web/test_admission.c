#include "web/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define ROOM 100

static struct admission *admission;

static int set_up(void **state) {
    (void)state;
    return admission_create(ROOM, &admission) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    admission_destroy(&admission);
    return admission == NULL ? 0 : -1;
}

static void each_address_has_its_own_places(void **state) {
    (void)state;
    assert_true(admission_enter(admission, "192.0.2.1", 2));
    assert_true(admission_enter(admission, "192.0.2.1", 2));
    assert_false(admission_enter(admission, "192.0.2.1", 2));
    assert_true(admission_enter(admission, "192.0.2.2", 2));
    admission_leave(admission, "192.0.2.1");
    assert_true(admission_enter(admission, "192.0.2.1", 2));
    assert_false(admission_enter(admission, "192.0.2.1", 2));
}

static void network_of_an_ipv6_address_counts_as_one(void **state) {
    (void)state;
    assert_true(admission_enter(admission, "2001:db8:1:2::7", 2));
    assert_true(admission_enter(admission, "2001:db8:1:2::8", 2));
    assert_false(admission_enter(admission, "2001:db8:1:2::9", 2));
    assert_true(admission_enter(admission, "2001:db8:1:3::7", 2));
    admission_leave(admission, "2001:db8:1:2::8");
    assert_true(admission_enter(admission, "2001:db8:1:2::9", 2));
}

static void without_a_limit_streams_are_counted_all_the_same(void **state) {
    (void)state;
    for (int i = 0; i < ROOM; i++) {
        assert_true(admission_enter(admission, "192.0.2.1", 0));
    }
    assert_false(admission_enter(admission, "192.0.2.1", ROOM)); /* a limit that comes later holds */
}

static void places_of_those_who_left_are_given_to_others(void **state) {
    (void)state;
    char address[32];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < ROOM; i++) {
            snprintf(address, sizeof address, "192.0.%d.%d", round, i);
            assert_true(admission_enter(admission, address, 1));
        }
        assert_false(admission_enter(admission, address, 1));
        for (int i = 0; i < ROOM; i++) {
            snprintf(address, sizeof address, "192.0.%d.%d", round, i);
            admission_leave(admission, address);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_address_has_its_own_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(network_of_an_ipv6_address_counts_as_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_limit_streams_are_counted_all_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_of_those_who_left_are_given_to_others, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
