/* How much may be on its way, by how long it waits there. */
#include "broker/cluster/flow_window.h"
#include "tests/unit/support.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define TRIP_NS (10 * NS_PER_MS)

static struct flow_window window;
static uint64_t number;
static int64_t now_ns;

static int set_up(void **state) {
    (void)state;
    flow_window_init(&window, 32 * MIB);
    number = 0;
    now_ns = NS_PER_S;
    return 0;
}

/* The window is filled, and all of it arrives a round trip later. */
static void fill_and_acknowledge(int64_t waited_ns) {
    while (flow_window_is_open(&window)) {
        flow_window_add(&window, ++number, 32 * KIB, now_ns);
    }
    now_ns += TRIP_NS + waited_ns;
    flow_window_acknowledge(&window, number, waited_ns, now_ns);
    assert_int_equal(window.in_flight_bytes, 0);
}

static void grows_while_nothing_waits(void **state) {
    (void)state;
    const size_t begin = window.window_bytes;
    fill_and_acknowledge(0);
    assert_true(window.window_bytes >= 2 * begin); /* fast, at first */
    for (int i = 0; i < 20; i++) {
        const size_t before = window.window_bytes;
        fill_and_acknowledge(NS_PER_MS);
        assert_true(window.window_bytes > before || before == window.max_bytes);
    }
    assert_int_equal(window.window_bytes, 32 * MIB);
    assert_true(window.round_trip_ns == TRIP_NS + NS_PER_MS);
    assert_true(window.base_round_trip_ns == TRIP_NS);
}

static void grows_slowly_once_it_has_waited(void **state) {
    (void)state;
    fill_and_acknowledge(60 * NS_PER_MS);
    const size_t shrunk = window.window_bytes;
    fill_and_acknowledge(0);
    assert_true(window.window_bytes > shrunk && window.window_bytes < shrunk + 256 * KIB);
    const size_t before = window.window_bytes;
    fill_and_acknowledge(50 * NS_PER_MS); /* just as long as is wanted */
    assert_int_equal(window.window_bytes, before);
}

static void way_that_is_not_used_does_not_widen_it(void **state) {
    (void)state;
    const size_t before = window.window_bytes;
    for (int i = 0; i < 100; i++) {
        flow_window_add(&window, ++number, 32 * KIB, now_ns);
        flow_window_acknowledge(&window, number, 0, now_ns + TRIP_NS);
    }
    assert_int_equal(window.window_bytes, before);
}

static void shrinks_once_in_a_round_trip(void **state) {
    (void)state;
    const size_t begin = window.window_bytes;
    while (flow_window_is_open(&window)) {
        flow_window_add(&window, ++number, 32 * KIB, now_ns);
    }
    flow_window_acknowledge(&window, 1, 100 * NS_PER_MS, now_ns + TRIP_NS);
    const size_t shrunk = window.window_bytes;
    assert_true(shrunk >= begin / 2 - KIB && shrunk <= begin / 2 + KIB); /* waits twice as long as is wanted */
    for (uint64_t i = 2; i <= number; i++) {
        flow_window_acknowledge(&window, i, NS_PER_S, now_ns + TRIP_NS);
        assert_int_equal(window.window_bytes, shrunk);
    }
    fill_and_acknowledge(NS_PER_S);
    assert_true(window.window_bytes >= shrunk / 2 && window.window_bytes < shrunk); /* by half at most */
}

static void has_bounds(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        fill_and_acknowledge(INT64_MAX / 2 - now_ns);
        now_ns = NS_PER_S;
    }
    const size_t least = window.window_bytes;
    assert_true(least > 0 && least <= 64 * KIB);
    flow_window_set_max(&window, 0);
    assert_int_equal(window.window_bytes, least);
    flow_window_set_max(&window, SIZE_MAX);
    for (int i = 0; i < 200; i++) {
        fill_and_acknowledge(0);
    }
    assert_true(window.window_bytes > least);
    flow_window_set_max(&window, 100 * KIB);
    assert_int_equal(window.window_bytes, 100 * KIB);
    fill_and_acknowledge(0);
    assert_int_equal(window.window_bytes, 100 * KIB);
}

static void one_message_may_always_be_on_its_way(void **state) {
    (void)state;
    flow_window_set_max(&window, 0);
    assert_true(flow_window_is_open(&window));
    flow_window_add(&window, 1, 64 * MIB, now_ns);
    assert_false(flow_window_is_open(&window));
    flow_window_acknowledge(&window, 1, 0, now_ns + 1);
    assert_true(flow_window_is_open(&window));
}

static void ring_has_an_end(void **state) {
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < FLOW_MESSAGES_MAX; i++) {
            assert_true(flow_window_is_open(&window));
            flow_window_add(&window, ++number, 1, now_ns + (int64_t)i);
        }
        assert_false(flow_window_is_open(&window));
        assert_true(flow_window_oldest_ns(&window) == now_ns);
        flow_window_acknowledge(&window, number - FLOW_MESSAGES_MAX + 10, 0, now_ns); /* the first ten */
        assert_true(flow_window_is_open(&window));
        assert_true(flow_window_oldest_ns(&window) == now_ns + 10);
        assert_int_equal(window.in_flight_bytes, FLOW_MESSAGES_MAX - 10);
        flow_window_acknowledge(&window, number, 0, now_ns);
        assert_true(flow_window_oldest_ns(&window) == INT64_MAX);
        assert_int_equal(window.in_flight_bytes, 0);
    }
}

static void numbers_that_are_not_on_their_way_change_nothing(void **state) {
    (void)state;
    const size_t begin = window.window_bytes;
    flow_window_acknowledge(&window, UINT64_MAX, NS_PER_S, now_ns);
    flow_window_add(&window, 7, 10, now_ns);
    flow_window_add(&window, 9, 10, now_ns);
    flow_window_acknowledge(&window, 0, NS_PER_S, now_ns);
    flow_window_acknowledge(&window, 6, NS_PER_S, now_ns);
    assert_int_equal(window.in_flight_bytes, 20);
    assert_int_equal(window.window_bytes, begin);
    flow_window_acknowledge(&window, 8, -1, now_ns - NS_PER_S); /* the first, before it was sent */
    assert_int_equal(window.in_flight_bytes, 10);
    assert_true(window.round_trip_ns > 0);
    flow_window_acknowledge(&window, 8, 0, now_ns);
    assert_int_equal(window.in_flight_bytes, 10);
    flow_window_acknowledge(&window, UINT64_MAX, 0, now_ns);
    assert_int_equal(window.in_flight_bytes, 0);
}

static void forgets_what_is_on_its_way(void **state) {
    (void)state;
    flow_window_add(&window, 1, 10 * MIB, now_ns);
    assert_false(flow_window_is_open(&window));
    flow_window_forget(&window);
    assert_true(flow_window_is_open(&window));
    assert_int_equal(window.in_flight_bytes, 0);
    assert_true(flow_window_oldest_ns(&window) == INT64_MAX);
    flow_window_acknowledge(&window, 1, NS_PER_S, now_ns);
    assert_int_equal(window.in_flight_bytes, 0);
}

/* After a new connection, messages are numbered from 1 again. */
static void shrinks_after_numbers_have_begun_again(void **state) {
    (void)state;
    number = 1000000;
    fill_and_acknowledge(100 * NS_PER_MS);
    flow_window_forget(&window);
    number = 0;
    for (int i = 0; i < 5; i++) {
        fill_and_acknowledge(0);
    }
    const size_t before = window.window_bytes;
    fill_and_acknowledge(100 * NS_PER_MS);
    assert_true(window.window_bytes < before);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(grows_while_nothing_waits),
        TEST(grows_slowly_once_it_has_waited),
        TEST(way_that_is_not_used_does_not_widen_it),
        TEST(shrinks_once_in_a_round_trip),
        TEST(has_bounds),
        TEST(one_message_may_always_be_on_its_way),
        TEST(ring_has_an_end),
        TEST(numbers_that_are_not_on_their_way_change_nothing),
        TEST(forgets_what_is_on_its_way),
        TEST(shrinks_after_numbers_have_begun_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
