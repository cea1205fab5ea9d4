#include "broker/base/sync.h"

#include "broker/base/clock.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define PATIENCE_NS (20 * NS_PER_S)
#define THREADS 4
#define ROUNDS 10000

struct counter {
    struct lock lock;
    struct condition changed;
    unsigned value GUARDED_BY(lock);
};

static void counter_init(struct counter *counter) {
    lock_init(&counter->lock);
    condition_init(&counter->changed);
    counter->value = 0;
}

static void counter_finish(struct counter *counter) {
    condition_finish(&counter->changed);
    lock_finish(&counter->lock);
}

static void *add_rounds(void *argument) {
    struct counter *counter = argument;
    for (int i = 0; i < ROUNDS; i++) {
        lock_acquire(&counter->lock);
        counter->value++;
        lock_release(&counter->lock);
    }
    return NULL;
}

static void a_lock_lets_one_in_at_a_time(void **state) {
    (void)state;
    struct counter counter;
    counter_init(&counter);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(thread_start(&threads[i], "adder", 0, add_rounds, &counter), ERR_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(counter.value, THREADS * ROUNDS);
    counter_finish(&counter);
}

static void *add_and_broadcast(void *argument) {
    struct counter *counter = argument;
    lock_acquire(&counter->lock);
    counter->value++;
    lock_release(&counter->lock);
    condition_broadcast(&counter->changed);
    return NULL;
}

/* Whether `value` was reached before the deadline. */
static bool wait_for_value(struct counter *counter, unsigned value, int64_t deadline_ns) {
    bool in_time = true;
    lock_acquire(&counter->lock);
    while (counter->value < value && in_time) {
        in_time = condition_wait_until(&counter->changed, &counter->lock, deadline_ns);
    }
    bool reached = counter->value >= value;
    lock_release(&counter->lock);
    return reached;
}

static void a_wait_ends_when_the_condition_is_signalled(void **state) {
    (void)state;
    static const int64_t patience_ns[] = {PATIENCE_NS, CLOCK_NEVER};
    for (int i = 0; i < 2; i++) {
        struct counter counter;
        counter_init(&counter);
        pthread_t thread;
        assert_int_equal(thread_start(&thread, "adder", 0, add_and_broadcast, &counter), ERR_OK);
        int64_t deadline_ns = patience_ns[i] == CLOCK_NEVER ? CLOCK_NEVER : clock_monotonic_ns() + patience_ns[i];
        assert_true(wait_for_value(&counter, 1, deadline_ns));
        pthread_join(thread, NULL);
        counter_finish(&counter);
    }
}

static void a_wait_ends_at_its_deadline_and_not_before(void **state) {
    (void)state;
    struct counter counter;
    counter_init(&counter);
    int64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    assert_false(wait_for_value(&counter, 1, deadline_ns));
    assert_true(clock_monotonic_ns() >= deadline_ns);
    assert_false(wait_for_value(&counter, 1, 0));
    counter_finish(&counter);
}

static bool is_readable(const struct event *event) {
    struct pollfd poller = {.fd = event->fd, .events = POLLIN};
    return poll(&poller, 1, 0) == 1;
}

static void an_event_is_readable_while_it_is_set(void **state) {
    (void)state;
    struct event event;
    assert_int_equal(event_init(&event), ERR_OK);
    assert_false(is_readable(&event));
    event_set(&event);
    assert_true(is_readable(&event));
    assert_true(event_wait_until(&event, 0));
    assert_true(is_readable(&event)); /* waiting does not clear it */
    event_clear(&event);
    assert_false(is_readable(&event));
    event_finish(&event);
}

static void setting_an_event_twice_is_the_same_as_once(void **state) {
    (void)state;
    struct event event;
    assert_int_equal(event_init(&event), ERR_OK);
    event_set(&event);
    event_set(&event);
    event_clear(&event);
    assert_false(is_readable(&event));
    event_clear(&event); /* one that is not set: does not block */
    event_finish(&event);
}

static void waiting_for_an_event_ends_at_the_deadline(void **state) {
    (void)state;
    struct event event;
    assert_int_equal(event_init(&event), ERR_OK);
    int64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    assert_false(event_wait_until(&event, deadline_ns));
    assert_true(clock_monotonic_ns() >= deadline_ns);
    event_finish(&event);
}

static void finishing_an_event_twice_does_no_harm(void **state) {
    (void)state;
    struct event event;
    assert_int_equal(event_init(&event), ERR_OK);
    event_finish(&event);
    assert_int_equal(event.fd, -1);
    event_finish(&event);
}

struct observation {
    struct event go;
    bool went, signals_blocked;
    char name[32];
};

static void *observe(void *argument) {
    struct observation *observation = argument;
    observation->went = event_wait_until(&observation->go, clock_monotonic_ns() + PATIENCE_NS);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    observation->signals_blocked = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGUSR1) == 1;
    FILE *name = fopen("/proc/thread-self/comm", "r");
    if (name != NULL) {
        if (fscanf(name, "%31s", observation->name) != 1) {
            observation->name[0] = '\0';
        }
        fclose(name);
    }
    return NULL;
}

static void a_thread_starts_with_signals_blocked_and_a_name(void **state) {
    (void)state;
    struct observation observation = {0};
    assert_int_equal(event_init(&observation.go), ERR_OK);
    pthread_t thread;
    assert_int_equal(thread_start(&thread, "a-name-of-more-than-fifteen", 256 << 10, observe, &observation), ERR_OK);
    event_set(&observation.go);
    pthread_join(thread, NULL);
    assert_true(observation.went);
    assert_true(observation.signals_blocked);
    assert_string_equal(observation.name, "a-name-of-more-");
    event_finish(&observation.go);
}

static void starting_a_thread_leaves_the_starters_signals_alone(void **state) {
    (void)state;
    struct counter counter;
    counter_init(&counter);
    pthread_t thread;
    assert_int_equal(thread_start(&thread, "adder", 0, add_and_broadcast, &counter), ERR_OK);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    assert_int_equal(sigismember(&blocked, SIGTERM), 0);
    pthread_join(thread, NULL);
    counter_finish(&counter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_lets_one_in_at_a_time),
        cmocka_unit_test(a_wait_ends_when_the_condition_is_signalled),
        cmocka_unit_test(a_wait_ends_at_its_deadline_and_not_before),
        cmocka_unit_test(an_event_is_readable_while_it_is_set),
        cmocka_unit_test(setting_an_event_twice_is_the_same_as_once),
        cmocka_unit_test(waiting_for_an_event_ends_at_the_deadline),
        cmocka_unit_test(finishing_an_event_twice_does_no_harm),
        cmocka_unit_test(a_thread_starts_with_signals_blocked_and_a_name),
        cmocka_unit_test(starting_a_thread_leaves_the_starters_signals_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
