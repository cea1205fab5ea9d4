#include "cameras/supervisor/watchdog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#define PATIENCE_NS (20 * NS_PER_S)

/* A watch that counts the looks, and lets the test wait for them. */
struct counted {
    struct watch watch;
    struct event looked;
    atomic_uint looks;    /* counted before `looked` is set */
    int64_t looked_at_ns; /* likewise */
    int64_t next_ns;      /* what the next look returns */
};

static struct watchdog *watchdog;
static struct counted counted;

static int64_t count_look(void *user, int64_t now_ns) {
    struct counted *self = user;
    self->looked_at_ns = now_ns;
    int64_t next_ns = self->next_ns;
    self->next_ns = CLOCK_NEVER;
    atomic_fetch_add(&self->looks, 1);
    event_set(&self->looked);
    return next_ns;
}

static int set_up(void **state) {
    (void)state;
    counted = (struct counted){.next_ns = CLOCK_NEVER};
    assert_int_equal(event_init(&counted.looked), ERR_OK);
    assert_int_equal(watchdog_create(&watchdog), ERR_OK);
    watchdog_add(watchdog, &counted.watch, count_look, &counted);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    watchdog_remove(&counted.watch);
    watchdog_destroy(&watchdog);
    event_finish(&counted.looked);
    return 0;
}

/* Blocks: until there have been so many. */
static void await_looks(unsigned looks) {
    while (atomic_load(&counted.looks) < looks) {
        assert_true(event_wait_until(&counted.looked, clock_monotonic_ns() + PATIENCE_NS));
        event_clear(&counted.looked);
    }
    watchdog_wait_idle(&counted.watch);
}

static void ward_is_looked_at_when_it_asked_for(void **state) {
    (void)state;
    int64_t at_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    watchdog_schedule(&counted.watch, at_ns);
    await_looks(1);
    assert_true(counted.looked_at_ns >= at_ns);
}

static void earlier_request_comes_first(void **state) {
    (void)state;
    int64_t at_ns = clock_monotonic_ns() + 10 * PATIENCE_NS;
    watchdog_schedule(&counted.watch, at_ns);
    watchdog_schedule(&counted.watch, 0);
    await_looks(1);
    assert_true(counted.looked_at_ns < at_ns);
}

static void look_names_the_time_of_the_next(void **state) {
    (void)state;
    int64_t at_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    counted.next_ns = at_ns;
    watchdog_schedule(&counted.watch, 0);
    await_looks(2);
    assert_true(counted.looked_at_ns >= at_ns);
}

static void one_ward_does_not_hide_another(void **state) {
    (void)state;
    struct counted other = {.next_ns = CLOCK_NEVER};
    assert_int_equal(event_init(&other.looked), ERR_OK);
    watchdog_add(watchdog, &other.watch, count_look, &other);
    watchdog_schedule(&other.watch, clock_monotonic_ns() + 10 * PATIENCE_NS);
    watchdog_schedule(&counted.watch, 0);
    await_looks(1);
    assert_false(event_wait_until(&other.looked, 0));
    watchdog_schedule(&other.watch, 0);
    assert_true(event_wait_until(&other.looked, clock_monotonic_ns() + PATIENCE_NS));
    watchdog_remove(&other.watch);
    event_finish(&other.looked);
}

static int64_t look_slowly(void *user, int64_t now_ns) {
    struct counted *self = user;
    event_set(&self->looked);
    while (clock_monotonic_ns() < now_ns + 20 * NS_PER_MS) {
    }
    self->looked_at_ns = clock_monotonic_ns();
    return CLOCK_NEVER;
}

static void removal_waits_for_a_look_under_way(void **state) {
    (void)state;
    struct counted slow = {.next_ns = CLOCK_NEVER};
    assert_int_equal(event_init(&slow.looked), ERR_OK);
    watchdog_add(watchdog, &slow.watch, look_slowly, &slow);
    watchdog_schedule(&slow.watch, 0);
    assert_true(event_wait_until(&slow.looked, clock_monotonic_ns() + PATIENCE_NS));
    watchdog_remove(&slow.watch);
    assert_true(slow.looked_at_ns != 0);
    event_finish(&slow.looked);
}

#define watchdog_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        watchdog_test(ward_is_looked_at_when_it_asked_for), watchdog_test(earlier_request_comes_first),
        watchdog_test(look_names_the_time_of_the_next),     watchdog_test(one_ward_does_not_hide_another),
        watchdog_test(removal_waits_for_a_look_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
