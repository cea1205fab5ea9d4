#include "tests/unit/broker/topic_fixture.h"

#include "broker/base/sync.h"

#include <sched.h>
#include <stdatomic.h>

/* The caller finishes it. */
static struct topic_snapshot take_snapshot(struct topic *topic) {
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(topic, &snapshot), ERR_OK);
    return snapshot;
}

static void a_new_topic_shows_its_settings_and_no_frame(void **state) {
    struct fixture *fixture = *state;
    int64_t now_ns = clock_realtime_ns();
    struct topic_snapshot snapshot = take_snapshot(fixture->topic);
    assert_string_equal(snapshot.settings.id, "door");
    assert_string_equal(snapshot.settings.name, "Front door");
    assert_string_equal(snapshot.settings.source, "test");
    assert_int_equal(snapshot.state, STATE_IDLE);
    assert_true(now_ns - snapshot.state_since_realtime_ns < PATIENCE_NS);
    assert_string_equal(snapshot.error, "");
    assert_int_equal(snapshot.last_sequence, 0);
    assert_int_equal(snapshot.published, 0);
    assert_int_equal(snapshot.width_px, 0);
    assert_null(snapshot.format);
    assert_int_equal(snapshot.subscriber_count, 0);
    topic_snapshot_finish(&snapshot);
}

static void the_last_live_frame_is_described(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 3);
    struct frame *frame = make_sized_frame(fixture->pool, 7, 1234);
    int64_t captured_ns = clock_monotonic_ns() - 2 * NS_PER_S;
    frame_edit_info(frame)->captured_monotonic_ns = captured_ns;
    frame_edit_info(frame)->captured_realtime_ns = 42;
    topic_publish(fixture->topic, &frame);
    frame = make_sized_frame(fixture->pool, 1, 99);
    topic_publish_placeholder(fixture->topic, &frame, topic_set_state(fixture->topic, STATE_STALE, NULL));

    struct topic_snapshot snapshot = take_snapshot(fixture->topic);
    int64_t age_ns = clock_monotonic_ns() - captured_ns;
    assert_int_equal(snapshot.published, 2);
    assert_int_equal(snapshot.last_sequence, 7);
    assert_int_equal(snapshot.last_bytes, 1234);
    assert_int_equal(snapshot.last_captured_realtime_ns, 42);
    assert_true(snapshot.last_age_ns >= 2 * NS_PER_S && snapshot.last_age_ns <= age_ns);
    topic_snapshot_finish(&snapshot);
}

static void the_captured_rate_is_of_live_frames(void **state) {
    struct fixture *fixture = *state;
    int64_t now_ns = clock_monotonic_ns();
    for (uint64_t i = 0; i <= 20; i++) {
        struct frame *frame = make_frame(fixture->pool, i + 1);
        frame_edit_info(frame)->captured_monotonic_ns = now_ns - (int64_t)(20 - i) * 100 * NS_PER_MS;
        topic_publish(fixture->topic, &frame);
    }
    struct topic_snapshot snapshot = take_snapshot(fixture->topic);
    assert_float_equal(snapshot.captured_fps, 10, 0.01);
    topic_snapshot_finish(&snapshot);
}

static void what_the_publisher_set_is_shown(void **state) {
    struct fixture *fixture = *state;
    topic_set_capture(fixture->topic, 1280, 720, "YUYV");
    topic_count_dropped(fixture->topic, 3);
    topic_count_dropped(fixture->topic, 4);
    topic_count_invalid(fixture->topic);
    topic_count_restart(fixture->topic);
    topic_count_restart(fixture->topic);
    topic_set_state(fixture->topic, STATE_OFFLINE, "no such device");
    struct topic_snapshot snapshot = take_snapshot(fixture->topic);
    assert_int_equal(snapshot.width_px, 1280);
    assert_int_equal(snapshot.height_px, 720);
    assert_string_equal(snapshot.format, "YUYV");
    assert_int_equal(snapshot.dropped, 7);
    assert_int_equal(snapshot.invalid, 1);
    assert_int_equal(snapshot.restarts, 2);
    assert_int_equal(snapshot.state, STATE_OFFLINE);
    assert_string_equal(snapshot.error, "no such device");
    topic_snapshot_finish(&snapshot);
}

static void each_subscriber_is_shown(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 50 };
    struct subscriber *subscribers[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        subscribers[i] = subscribe(fixture->topic, NULL);
        subscriber_count_sent(subscribers[i], 1, i);
    }
    struct topic_snapshot snapshot = take_snapshot(fixture->topic);
    assert_int_equal(snapshot.subscriber_count, COUNT);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        assert_string_equal(snapshot.subscribers[i].remote, "127.0.0.1:52034");
        assert_string_equal(snapshot.subscribers[i].route, "video_feed");
        assert_int_equal(snapshot.subscribers[i].sent, 1);
        assert_true(snapshot.subscribers[i].connected_ns >= 0 && snapshot.subscribers[i].connected_ns < PATIENCE_NS);
        bytes += snapshot.subscribers[i].bytes;
    }
    assert_int_equal(bytes, COUNT * (COUNT - 1) / 2);
    for (unsigned i = 0; i < COUNT; i++) {
        subscriber_destroy(&subscribers[i]);
    }
    assert_string_equal(snapshot.subscribers[COUNT - 1].route, "video_feed"); /* outlives them */
    topic_snapshot_finish(&snapshot);
    assert_int_equal(snapshot.subscriber_count, 0);
    topic_snapshot_finish(&snapshot); /* twice does no harm */
}

#define CROWD 40

struct crowd {
    struct topic *topic;
    atomic_bool stop;
};

static void *come_and_go(void *argument) {
    struct crowd *crowd = argument;
    struct subscriber_settings settings = {.remote = "127.0.0.1:52034", .route = "video_feed"};
    while (!atomic_load(&crowd->stop)) {
        struct subscriber *subscribers[CROWD] = {NULL};
        for (int i = 0; i < CROWD; i++) {
            if (subscriber_create(crowd->topic, NULL, &settings, &subscribers[i]) == ERR_OK) {
                subscriber_count_sent(subscribers[i], 1, 1000);
            }
        }
        for (int i = 0; i < CROWD; i++) {
            subscriber_destroy(&subscribers[i]);
        }
    }
    return NULL;
}

/* Subscribers of one moment: complete, and each one once. */
static void assert_consistent(const struct topic_snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->subscriber_count; i++) {
        const struct subscriber_snapshot *subscriber = &snapshot->subscribers[i];
        assert_string_equal(subscriber->remote, "127.0.0.1:52034");
        assert_int_equal(subscriber->bytes, 1000 * subscriber->sent);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(subscriber->id, snapshot->subscribers[j].id);
        }
    }
}

static void a_snapshot_is_of_one_moment_while_subscribers_come_and_go(void **state) {
    struct fixture *fixture = *state;
    struct crowd crowd = {.topic = fixture->topic};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(thread_start(&threads[i], "crowd", 0, come_and_go, &crowd), ERR_OK);
    }
    unsigned changes = 0;
    size_t last_count = 0;
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    for (uint64_t i = 1; changes < 100; i++) {
        assert_true(clock_monotonic_ns() < deadline_ns);
        publish(fixture->topic, fixture->pool, i);
        struct topic_snapshot snapshot = take_snapshot(fixture->topic);
        assert_int_equal(snapshot.published, i);
        assert_int_equal(snapshot.last_sequence, i);
        assert_in_range(snapshot.subscriber_count, 0, 2 * CROWD);
        assert_consistent(&snapshot);
        changes += snapshot.subscriber_count != last_count;
        last_count = snapshot.subscriber_count;
        topic_snapshot_finish(&snapshot);
        sched_yield(); /* or the crowd might never get the lock */
    }
    atomic_store(&crowd.stop, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    struct topic_snapshot snapshot = take_snapshot(fixture->topic);
    assert_int_equal(snapshot.subscriber_count, 0);
    topic_snapshot_finish(&snapshot);
}

static struct delivery_snapshot delivered(struct topic *topic) {
    struct topic_snapshot snapshot = take_snapshot(topic);
    topic_snapshot_finish(&snapshot);
    return snapshot.delivered;
}

static void what_was_sent_counts_on_when_the_client_has_left(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, NULL);
    for (uint64_t i = 1; i <= 3; i++) {
        publish(fixture->topic, fixture->pool, i);
    }
    assert_int_equal(take_sequence(subscriber), 3);
    subscriber_count_sent(subscriber, 1, 1000);
    subscriber_count_sent(subscriber, 0, 1000); /* the same once more */
    subscriber_destroy(&subscriber);
    struct delivery_snapshot seen = delivered(fixture->topic);
    assert_int_equal(seen.sent, 1);
    assert_int_equal(seen.skipped, 2);
    assert_int_equal(seen.bytes, 2000);
    struct topic_snapshot snapshot = take_snapshot(fixture->topic);
    assert_int_equal(snapshot.published_bytes, 3 * TEST_FRAME_BYTES);
    topic_snapshot_finish(&snapshot);
}

static void skips_that_the_client_asked_for_are_never_in_the_total(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, NULL);
    for (uint64_t i = 1; i <= 5; i++) {
        publish(fixture->topic, fixture->pool, i);
    }
    assert_int_equal(take_sequence(subscriber), 5);
    assert_int_equal(delivered(fixture->topic).skipped, 0);
    subscriber_adjust_skipped(subscriber, -3);
    publish(fixture->topic, fixture->pool, 6);
    assert_int_equal(take_sequence(subscriber), 6);
    assert_int_equal(delivered(fixture->topic).skipped, 1);
    subscriber_destroy(&subscriber);
    assert_int_equal(delivered(fixture->topic).skipped, 1);
}

static void what_is_sent_of_a_derived_topic_counts_as_of_its_source(void **state) {
    struct fixture *fixture = *state;
    struct topic_settings settings;
    topic_copy_settings(fixture->topic, &settings);
    struct topic *derived;
    assert_int_equal(topic_create_derived(fixture->topic, &settings, NULL, &derived), ERR_OK);
    struct subscriber *subscriber = subscribe(derived, NULL);
    publish(derived, fixture->pool, 1);
    publish(derived, fixture->pool, 2);
    assert_int_equal(take_sequence(subscriber), 2);
    subscriber_count_sent(subscriber, 1, 500);
    subscriber_destroy(&subscriber);
    assert_int_equal(delivered(derived).sent, 0);
    topic_unref(&derived);
    struct delivery_snapshot seen = delivered(fixture->topic);
    assert_int_equal(seen.sent, 1);
    assert_int_equal(seen.skipped, 1);
    assert_int_equal(seen.bytes, 500);
}

static void what_the_broker_takes_for_itself_is_not_sent_to_anybody(void **state) {
    struct fixture *fixture = *state;
    struct subscriber_settings settings = {.remote = "", .route = "variant", .is_internal = true};
    struct subscriber *subscriber;
    assert_int_equal(subscriber_create(fixture->topic, NULL, &settings, &subscriber), ERR_OK);
    publish(fixture->topic, fixture->pool, 1);
    publish(fixture->topic, fixture->pool, 2);
    assert_int_equal(take_sequence(subscriber), 2);
    subscriber_destroy(&subscriber);
    assert_int_equal(delivered(fixture->topic).skipped, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_new_topic_shows_its_settings_and_no_frame),
        TEST(the_last_live_frame_is_described),
        TEST(the_captured_rate_is_of_live_frames),
        TEST(what_the_publisher_set_is_shown),
        TEST(each_subscriber_is_shown),
        TEST(what_was_sent_counts_on_when_the_client_has_left),
        TEST(skips_that_the_client_asked_for_are_never_in_the_total),
        TEST(what_is_sent_of_a_derived_topic_counts_as_of_its_source),
        TEST(what_the_broker_takes_for_itself_is_not_sent_to_anybody),
        TEST(a_snapshot_is_of_one_moment_while_subscribers_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
