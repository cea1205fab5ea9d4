#include "web/access/failed_logins.h"

#include "broker/base/clock.h"
#include "tests/unit/support.h"

#include <stdio.h>

#define NOW_NS (1000 * NS_PER_S)
#define MINUTE_NS (60 * NS_PER_S)

static void note(struct failed_logins *logins, const char *address, int64_t now_ns) {
    const struct login_attempt attempt = {SECRET_TOKEN, address, ""};
    failed_logins_note(logins, &attempt, "", now_ns);
}

static void first_attempt_is_due_at_once_and_others_in_a_minute(void **state) {
    (void)state;
    struct failed_logins logins = {0};
    struct failed_login due;
    failed_logins_init(&logins);
    assert_false(failed_logins_take(&logins, NOW_NS, &due));
    failed_logins_note(&logins, &(struct login_attempt){SECRET_PASSWORD, "192.0.2.7", "anna"}, "anna", NOW_NS);
    assert_true(failed_logins_take(&logins, NOW_NS, &due));
    assert_string_equal(due.address, "192.0.2.7");
    assert_string_equal(due.user, "anna");
    assert_int_equal(due.kind, SECRET_PASSWORD);
    assert_int_equal(due.count, 1);
    for (int i = 0; i < 100; i++) {
        note(&logins, "192.0.2.7", NOW_NS + i);
        assert_false(failed_logins_take(&logins, NOW_NS + i, &due));
    }
    assert_true(failed_logins_take(&logins, NOW_NS + MINUTE_NS, &due));
    assert_int_equal(due.count, 100);
    assert_string_equal(due.user, "");
    assert_int_equal(due.kind, SECRET_TOKEN);
    assert_false(failed_logins_take(&logins, NOW_NS + 2 * MINUTE_NS, &due));
    failed_logins_finish(&logins);
}

static void addresses_of_one_network_count_together(void **state) {
    (void)state;
    struct failed_logins logins = {0};
    struct failed_login due;
    failed_logins_init(&logins);
    note(&logins, "2001:db8::1", NOW_NS);
    note(&logins, "2001:db8::2", NOW_NS);
    assert_true(failed_logins_take(&logins, NOW_NS, &due));
    assert_int_equal(due.count, 2);
    assert_false(failed_logins_take(&logins, NOW_NS, &due));
    failed_logins_finish(&logins);
}

static void many_addresses_are_bounded_and_all_counted(void **state) {
    (void)state;
    enum { ATTEMPTS = 10000 };
    struct failed_logins logins = {0};
    struct failed_login due;
    uint64_t counted = 0;
    unsigned taken = 0;
    failed_logins_init(&logins);
    for (int i = 0; i < ATTEMPTS; i++) {
        char address[ADDRESS_TEXT_BYTES];
        snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        note(&logins, address, NOW_NS + i);
        for (; failed_logins_take(&logins, NOW_NS + i, &due); taken++) {
            counted += due.count;
        }
    }
    assert_in_range(taken, 1, FAILED_LOGINS_ADDRESSES_MAX + 1);
    assert_true(failed_logins_take(&logins, NOW_NS + ATTEMPTS + MINUTE_NS, &due));
    assert_string_equal(due.address, "");
    assert_int_equal(counted + due.count, ATTEMPTS);
    note(&logins, "192.0.2.7", NOW_NS + ATTEMPTS + MINUTE_NS);
    assert_true(failed_logins_take(&logins, NOW_NS + ATTEMPTS + MINUTE_NS, &due));
    assert_string_equal(due.address, "192.0.2.7");
    failed_logins_finish(&logins);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_attempt_is_due_at_once_and_others_in_a_minute),
        cmocka_unit_test(addresses_of_one_network_count_together),
        cmocka_unit_test(many_addresses_are_bounded_and_all_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
