#include "broker/topic_report.h"
#include "broker/topic_snapshot.h"
#include "tests/unit/broker/topic_fixture.h"

static void a_state_has_its_reason_until_the_topic_is_live(void **state) {
    struct fixture *fixture = *state;
    struct reason reason;
    topic_set_state(fixture->topic, STATE_OFFLINE, "no such device");
    assert_int_equal(topic_state_detail(fixture->topic, NULL, &reason), STATE_OFFLINE);
    assert_string_equal(reason.text, "no such device");
    publish(fixture->topic, fixture->pool, 1);
    assert_int_equal(topic_state_detail(fixture->topic, NULL, &reason), STATE_LIVE);
    assert_string_equal(reason.text, "");
}

static void a_state_without_a_reason_clears_the_one_before(void **state) {
    struct fixture *fixture = *state;
    struct reason reason;
    topic_set_state(fixture->topic, STATE_OFFLINE, "no such device");
    topic_set_state(fixture->topic, STATE_STARTING, NULL);
    topic_state_detail(fixture->topic, NULL, &reason);
    assert_string_equal(reason.text, "");
}

static void the_time_of_a_state_is_when_it_began(void **state) {
    struct fixture *fixture = *state;
    int64_t since_ns;
    int64_t before_ns = clock_realtime_ns();
    topic_set_state(fixture->topic, STATE_OFFLINE, "no such device");
    int64_t after_ns = clock_realtime_ns();
    topic_state_detail(fixture->topic, &since_ns, NULL);
    assert_true(since_ns >= before_ns && since_ns <= after_ns);

    while (clock_realtime_ns() == after_ns) {
    }
    int64_t again_ns;
    topic_set_state(fixture->topic, STATE_OFFLINE, "another reason");
    topic_state_detail(fixture->topic, &again_ns, NULL);
    assert_int_equal(again_ns, since_ns);

    publish(fixture->topic, fixture->pool, 1);
    int64_t live_ns;
    topic_state_detail(fixture->topic, &live_ns, NULL);
    assert_true(live_ns > since_ns);
    publish(fixture->topic, fixture->pool, 2);
    topic_state_detail(fixture->topic, &again_ns, NULL);
    assert_int_equal(again_ns, live_ns);
}

static void a_report_is_taken_over_unless_a_later_frame_has_come(void **state) {
    struct fixture *fixture = *state;
    struct reason reason;
    struct topic_report report = {
        .state = STATE_LIVE, .sequence = 7, .captured_realtime_ns = 5, .captured_monotonic_ns = 6, .width_px = 640};
    topic_apply_report(fixture->topic, &report);
    assert_int_equal(topic_state(fixture->topic), STATE_LIVE);
    struct topic_snapshot snapshot;
    topic_snapshot_brief(fixture->topic, &snapshot);
    assert_int_equal(snapshot.last_sequence, 7);
    assert_int_equal(topic_width_px(fixture->topic), 640);

    publish(fixture->topic, fixture->pool, 9);
    report = (struct topic_report){.state = STATE_OFFLINE, .error = "no such device", .sequence = 8};
    topic_apply_report(fixture->topic, &report);
    assert_int_equal(topic_state(fixture->topic), STATE_LIVE);
    report.sequence = 9;
    topic_apply_report(fixture->topic, &report);
    assert_int_equal(topic_state_detail(fixture->topic, NULL, &reason), STATE_OFFLINE);
    assert_string_equal(reason.text, "no such device");

    report.state = STATE_IDLE;
    topic_apply_report(fixture->topic, &report);
    assert_null(topic_newest(fixture->topic));
}

static void going_idle_empties_the_ring(void **state) {
    struct fixture *fixture = *state;
    for (uint64_t i = 1; i <= 5; i++) {
        publish(fixture->topic, fixture->pool, i);
    }
    uint64_t allocations = frame_pool_usage(fixture->pool).allocations;
    topic_set_state(fixture->topic, STATE_IDLE, NULL);
    assert_null(topic_newest(fixture->topic));
    struct frame *frames[RING_FRAMES + 1]; /* all memory is there again */
    for (unsigned i = 0; i <= RING_FRAMES; i++) {
        frames[i] = make_frame(fixture->pool, i);
    }
    assert_int_equal(frame_pool_usage(fixture->pool).allocations, allocations);
    for (unsigned i = 0; i <= RING_FRAMES; i++) {
        frame_unref(&frames[i]);
    }
    publish(fixture->topic, fixture->pool, 6);
    assert_int_equal(newest_info(fixture->topic).sequence, 6);
}

static void other_states_keep_the_ring(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 1);
    topic_set_state(fixture->topic, STATE_OFFLINE, "unplugged");
    assert_int_equal(newest_info(fixture->topic).sequence, 1);
}

static void a_live_topic_goes_stale_when_its_newest_frame_is_too_old(void **state) {
    struct fixture *fixture = *state;
    uint64_t change = 77;
    assert_false(topic_set_stale(fixture->topic, CLOCK_NEVER, "no frame", &change)); /* idle: was never live */
    publish(fixture->topic, fixture->pool, 1);
    int64_t captured_ns = newest_info(fixture->topic).captured_monotonic_ns;
    assert_false(topic_set_stale(fixture->topic, captured_ns, "no frame", &change));
    assert_int_equal(change, 77);
    assert_int_equal(topic_state(fixture->topic), STATE_LIVE);

    assert_true(topic_set_stale(fixture->topic, captured_ns + 1, "no frame", &change));
    struct reason reason;
    assert_int_equal(topic_state_detail(fixture->topic, NULL, &reason), STATE_STALE);
    assert_string_equal(reason.text, "no frame");
    publish_placeholder(fixture, change);
    assert_int_equal(newest_info(fixture->topic).state, STATE_STALE);
    assert_false(topic_set_stale(fixture->topic, captured_ns + 1, "no frame", &change)); /* it is already */
}

/* ---- Placeholders ---- */

static void a_placeholder_stands_for_the_state_and_is_not_counted(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 4);
    publish_placeholder(fixture, topic_set_state(fixture->topic, STATE_OFFLINE, "unplugged"));
    struct frame_info info = newest_info(fixture->topic);
    assert_int_equal(info.state, STATE_OFFLINE);
    assert_int_equal(info.position, 2);
    assert_int_equal(info.sequence, 4); /* the last one that the camera gave */
    assert_int_equal(topic_state(fixture->topic), STATE_OFFLINE);
    assert_int_equal(look(fixture->topic).published, 1);
    assert_int_equal(look(fixture->topic).last_sequence, 4);
}

static void a_placeholder_never_follows_the_live_frame_that_overtook_it(void **state) {
    struct fixture *fixture = *state;
    uint64_t change = topic_set_state(fixture->topic, STATE_STARTING, NULL);
    publish(fixture->topic, fixture->pool, 1);
    publish_placeholder(fixture, change);
    assert_int_equal(newest_info(fixture->topic).state, STATE_LIVE);
    assert_int_equal(newest_info(fixture->topic).position, 1);
}

static void a_placeholder_of_an_older_change_is_refused(void **state) {
    struct fixture *fixture = *state;
    uint64_t old = topic_set_state(fixture->topic, STATE_OFFLINE, "first reason");
    uint64_t new = topic_set_state(fixture->topic, STATE_OFFLINE, "second reason");
    assert_int_not_equal(old, new);
    publish_placeholder(fixture, old);
    assert_null(topic_newest(fixture->topic));
    publish_placeholder(fixture, new);
    assert_int_equal(newest_info(fixture->topic).position, 1);
}

static void the_same_state_after_a_live_one_is_another_change(void **state) {
    struct fixture *fixture = *state;
    uint64_t old = topic_set_state(fixture->topic, STATE_OFFLINE, "unplugged");
    publish(fixture->topic, fixture->pool, 1);
    topic_set_state(fixture->topic, STATE_OFFLINE, "unplugged");
    publish_placeholder(fixture, old);
    assert_int_equal(newest_info(fixture->topic).state, STATE_LIVE);
}

static void an_idle_topic_shows_no_placeholder(void **state) {
    struct fixture *fixture = *state;
    publish_placeholder(fixture, topic_set_state(fixture->topic, STATE_IDLE, NULL));
    assert_null(topic_newest(fixture->topic));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_state_has_its_reason_until_the_topic_is_live),
        TEST(a_state_without_a_reason_clears_the_one_before),
        TEST(the_time_of_a_state_is_when_it_began),
        TEST(a_report_is_taken_over_unless_a_later_frame_has_come),
        TEST(going_idle_empties_the_ring),
        TEST(other_states_keep_the_ring),
        TEST(a_live_topic_goes_stale_when_its_newest_frame_is_too_old),
        TEST(a_placeholder_stands_for_the_state_and_is_not_counted),
        TEST(a_placeholder_never_follows_the_live_frame_that_overtook_it),
        TEST(a_placeholder_of_an_older_change_is_refused),
        TEST(the_same_state_after_a_live_one_is_another_change),
        TEST(an_idle_topic_shows_no_placeholder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
