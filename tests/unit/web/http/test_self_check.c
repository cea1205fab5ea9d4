#include "web/http/self_check.h"

#include "broker/base/clock.h"
#include "tests/unit/web/http/answering_machine.h"

/* Above the time-outs inside, below the two seconds in which the program ends. */
#define BOUND_NS (NS_PER_S * 3 / 2)

static struct answering_machine machine;

static int set_up(void **state) {
    (void)state;
    start_answering_machine(&machine);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    stop_answering_machine(&machine);
    return 0;
}

static enum err check(const char *address) {
    struct reason reason = {""};
    enum err error = self_check(address, machine.port, &reason);
    assert_int_equal(error == ERR_OK, reason.text[0] == '\0');
    return error;
}

static void a_server_that_answers_200_is_well(void **state) {
    (void)state;
    assert_int_equal(check("127.0.0.1"), ERR_OK);
}

static void loopback_is_asked_where_all_addresses_are_listened_on(void **state) {
    (void)state;
    assert_int_equal(check("0.0.0.0"), ERR_OK);
}

static void any_other_answer_is_a_fault(void **state) {
    (void)state;
    atomic_store(&machine.answer, ANSWER_SICK);
    assert_int_equal(check("127.0.0.1"), ERR_INVALID);
    atomic_store(&machine.answer, "");
    assert_int_equal(check("127.0.0.1"), ERR_INVALID);
    assert_int_equal(check("localhost"), ERR_INVALID);
}

static void silence_is_not_waited_for_long(void **state) {
    (void)state;
    atomic_store(&machine.answer, NULL);
    int64_t started_ns = clock_monotonic_ns();
    assert_int_equal(check("127.0.0.1"), ERR_TIMEOUT);
    assert_true(clock_monotonic_ns() - started_ns < BOUND_NS);
}

static void nobody_there_is_a_fault(void **state) {
    (void)state;
    struct answering_machine gone;
    start_answering_machine(&gone);
    stop_answering_machine(&gone);
    struct reason reason = {""};
    assert_int_not_equal(self_check("127.0.0.1", gone.port, &reason), ERR_OK);
    assert_non_null(strstr(reason.text, "refused"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_that_answers_200_is_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(loopback_is_asked_where_all_addresses_are_listened_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_other_answer_is_a_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_is_not_waited_for_long, set_up, tear_down),
        cmocka_unit_test(nobody_there_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
