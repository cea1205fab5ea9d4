#include "cameras/supervisor/driver_call.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GRACE_NS 100

static struct driver_call call;

static int set_up(void **state) {
    (void)state;
    return driver_call_init(&call, GRACE_NS) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    driver_call_finish(&call);
    return 0;
}

static bool is_cancelled(void) { return event_wait_until(&call.cancel, 0); }

static void call_expires_after_deadline_and_grace(void **state) {
    (void)state;
    int64_t look_at_ns;
    assert_int_equal(driver_call_begin(&call, 1000), 1000 + GRACE_NS);
    assert_false(driver_call_expire(&call, 1000 + GRACE_NS - 1, &look_at_ns));
    assert_int_equal(look_at_ns, 1000 + GRACE_NS);
    assert_false(is_cancelled());

    assert_true(driver_call_expire(&call, 1000 + GRACE_NS, &look_at_ns));
    assert_int_equal(look_at_ns, CLOCK_NEVER);
    assert_true(is_cancelled());
    assert_false(driver_call_expire(&call, 2000, &look_at_ns)); /* once */
    assert_false(driver_call_end(&call));
    assert_true(driver_call_end(&call));
}

static void deadline_may_be_the_end_of_time(void **state) {
    (void)state;
    int64_t look_at_ns;
    assert_int_equal(driver_call_begin(&call, CLOCK_NEVER - 1), CLOCK_NEVER);
    assert_false(driver_call_expire(&call, CLOCK_NEVER - 1, &look_at_ns));
    assert_int_equal(look_at_ns, CLOCK_NEVER);
    assert_true(driver_call_end(&call));
}

static void cancel_acts_on_a_running_call_only(void **state) {
    (void)state;
    driver_call_cancel(&call);
    assert_false(is_cancelled());
    (void)driver_call_begin(&call, 1000);
    driver_call_cancel(&call);
    assert_true(is_cancelled());
    assert_true(driver_call_end(&call));
    driver_call_clear(&call);
    assert_false(is_cancelled());
}

static void stop_cancels_calls_to_come(void **state) {
    (void)state;
    driver_call_stop(&call);
    (void)driver_call_begin(&call, 1000);
    assert_true(is_cancelled());
    assert_true(driver_call_end(&call));
}

static void ended_call_does_not_expire(void **state) {
    (void)state;
    int64_t look_at_ns;
    (void)driver_call_begin(&call, 1000);
    assert_true(driver_call_end(&call));
    assert_false(driver_call_expire(&call, 2000, &look_at_ns));
    assert_int_equal(look_at_ns, CLOCK_NEVER);
    assert_false(is_cancelled());
}

#define call_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        call_test(call_expires_after_deadline_and_grace),
        call_test(deadline_may_be_the_end_of_time),
        call_test(cancel_acts_on_a_running_call_only),
        call_test(stop_cancels_calls_to_come),
        call_test(ended_call_does_not_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
