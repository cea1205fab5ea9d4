#include "broker/topic_demand.h"
#include "tests/unit/broker/topic_fixture.h"

#include "broker/base/sync.h"

#include <stdatomic.h>

static struct topic *make_demanded(bool on_demand, int64_t idle_timeout_ns) {
    struct topic_settings settings = {
        .id = "door", .source = "test", .ring_frames = 1, .on_demand = on_demand, .idle_timeout_ns = idle_timeout_ns};
    struct topic *topic = NULL;
    assert_int_equal(topic_create(&settings, NULL, &topic), ERR_OK);
    return topic;
}

static void a_topic_that_was_never_watched_is_not_wanted(void **state) {
    (void)state;
    struct topic *topic = make_demanded(true, NS_PER_S);
    assert_false(topic_wanted(topic, NULL));
    topic_unref(&topic);
}

static void a_topic_that_is_not_on_demand_is_always_wanted(void **state) {
    (void)state;
    struct topic *topic = make_demanded(false, 0);
    int64_t until_ns = 0;
    assert_true(topic_wanted(topic, &until_ns));
    assert_int_equal(until_ns, CLOCK_NEVER);
    topic_unref(&topic);
}

static void a_topic_is_wanted_until_some_time_after_the_last_has_left(void **state) {
    (void)state;
    int64_t timeout_ns = 5 * NS_PER_MS;
    struct topic *topic = make_demanded(true, timeout_ns);
    struct subscriber *first = subscribe(topic, NULL);
    struct subscriber *last = subscribe(topic, NULL);
    int64_t until_ns = 0;
    assert_true(topic_wanted(topic, &until_ns));
    assert_int_equal(until_ns, CLOCK_NEVER);
    subscriber_destroy(&first);
    assert_true(topic_wanted(topic, &until_ns));
    assert_int_equal(until_ns, CLOCK_NEVER);

    int64_t before_ns = clock_monotonic_ns();
    subscriber_destroy(&last);
    int64_t after_ns = clock_monotonic_ns();
    bool wanted = topic_wanted(topic, &until_ns);
    assert_true(wanted || clock_monotonic_ns() >= until_ns);
    assert_true(until_ns >= before_ns + timeout_ns && until_ns <= after_ns + timeout_ns);
    while (clock_monotonic_ns() < until_ns) {
    }
    assert_false(topic_wanted(topic, NULL));
    topic_unref(&topic);
}

static void who_comes_back_in_time_is_as_if_he_had_stayed(void **state) {
    (void)state;
    struct topic *topic = make_demanded(true, 3600 * NS_PER_S);
    struct subscriber *subscriber = subscribe(topic, NULL);
    subscriber_destroy(&subscriber);
    int64_t until_ns = 0;
    assert_true(topic_wanted(topic, &until_ns));
    assert_int_not_equal(until_ns, CLOCK_NEVER);
    subscriber = subscribe(topic, NULL);
    assert_true(topic_wanted(topic, &until_ns));
    assert_int_equal(until_ns, CLOCK_NEVER);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

static void count_call(void *user) { (*(unsigned *)user)++; }

static void the_first_subscriber_and_the_end_of_the_last_call_demand(void **state) {
    struct fixture *fixture = *state;
    unsigned calls = 0;
    topic_on_demand(fixture->topic, count_call, &calls);
    struct subscriber *first = subscribe(fixture->topic, NULL);
    assert_int_equal(calls, 1);
    struct subscriber *second = subscribe(fixture->topic, NULL);
    subscriber_destroy(&first);
    assert_int_equal(calls, 1);
    subscriber_destroy(&second);
    assert_int_equal(calls, 2);
    first = subscribe(fixture->topic, NULL);
    assert_int_equal(calls, 3);
    topic_on_demand(fixture->topic, NULL, NULL);
    subscriber_destroy(&first);
    assert_int_equal(calls, 3);
}

/* A callback that is held until its gate opens, and a thread that removes it meanwhile. */
struct demand {
    struct topic *topic;
    struct event called, gate;
    atomic_bool returned, removed, removed_too_early;
};

static void hold_call(void *user) {
    struct demand *demand = user;
    event_set(&demand->called);
    bool opened = event_wait_until(&demand->gate, clock_monotonic_ns() + PATIENCE_NS);
    atomic_store(&demand->returned, opened);
}

static void *come_and_go(void *argument) {
    struct demand *demand = argument;
    struct subscriber_settings settings = {.remote = "", .route = "test"};
    struct subscriber *subscriber = NULL;
    if (subscriber_create(demand->topic, NULL, &settings, &subscriber) == ERR_OK) {
        subscriber_destroy(&subscriber);
    }
    return NULL;
}

static void *remove_demand(void *argument) {
    struct demand *demand = argument;
    topic_on_demand(demand->topic, NULL, NULL);
    atomic_store(&demand->removed_too_early, !atomic_load(&demand->returned));
    atomic_store(&demand->removed, true);
    return NULL;
}

static void removing_the_callback_waits_for_a_call_under_way(void **state) {
    struct fixture *fixture = *state;
    struct demand demand = {.topic = fixture->topic};
    assert_int_equal(event_init(&demand.called), ERR_OK);
    assert_int_equal(event_init(&demand.gate), ERR_OK);
    topic_on_demand(fixture->topic, hold_call, &demand);
    pthread_t caller;
    pthread_t remover;
    assert_int_equal(thread_start(&caller, "caller", 0, come_and_go, &demand), ERR_OK);
    assert_true(event_wait_until(&demand.called, clock_monotonic_ns() + PATIENCE_NS));
    assert_int_equal(thread_start(&remover, "remover", 0, remove_demand, &demand), ERR_OK);
    for (uint64_t i = 1; i <= 1000; i++) { /* other threads are not held up */
        publish(fixture->topic, fixture->pool, i);
    }
    assert_false(atomic_load(&demand.removed));
    event_set(&demand.gate);
    pthread_join(remover, NULL);
    pthread_join(caller, NULL);
    assert_false(atomic_load(&demand.removed_too_early));
    event_finish(&demand.gate);
    event_finish(&demand.called);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_that_was_never_watched_is_not_wanted),
        cmocka_unit_test(a_topic_that_is_not_on_demand_is_always_wanted),
        cmocka_unit_test(a_topic_is_wanted_until_some_time_after_the_last_has_left),
        cmocka_unit_test(who_comes_back_in_time_is_as_if_he_had_stayed),
        TEST(the_first_subscriber_and_the_end_of_the_last_call_demand),
        TEST(removing_the_callback_waits_for_a_call_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
