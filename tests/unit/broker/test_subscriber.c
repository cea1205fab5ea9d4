#include "tests/unit/broker/inbox_fixture.h"

#include "broker/base/sync.h"

/* ---- Taking ---- */

static void the_first_take_gives_the_newest_frame_and_skips_nothing(void **state) {
    struct fixture *fixture = *state;
    publish_range(fixture, 1, 10);
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    assert_int_equal(take_sequence(subscriber), 10);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 0);
    subscriber_destroy(&subscriber);
}

static void a_frame_is_taken_once(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    struct frame *frame = NULL;
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_BUSY);
    publish_range(fixture, 1, 1);
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_OK);
    frame_unref(&frame);
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_BUSY);
    assert_null(frame);
    subscriber_destroy(&subscriber);
}

static void skipped_frames_are_counted_exactly(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    publish_range(fixture, 1, 1);
    assert_int_equal(take_sequence(subscriber), 1);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 0);
    publish_range(fixture, 2, 4);
    assert_int_equal(take_sequence(subscriber), 4);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 2);
    publish_range(fixture, 5, 104); /* far more than the ring holds */
    assert_int_equal(take_sequence(subscriber), 104);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 2 + 99);
    subscriber_destroy(&subscriber);
}

static void gaps_in_the_cameras_sequence_are_no_skips(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    publish(fixture->topic, fixture->pool, 3);
    assert_int_equal(take_sequence(subscriber), 3);
    publish(fixture->topic, fixture->pool, 30);
    assert_int_equal(take_sequence(subscriber), 30);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 0);
    subscriber_destroy(&subscriber);
}

static void skips_can_be_corrected_but_not_below_none(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    subscriber_adjust_skipped(subscriber, 5);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 5);
    subscriber_adjust_skipped(subscriber, -3);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 2);
    subscriber_adjust_skipped(subscriber, -3);
    assert_int_equal(only_subscriber(fixture->topic).skipped, 0);
    subscriber_destroy(&subscriber);
}

static void a_repetition_counts_its_bytes_but_no_frame(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    subscriber_count_sent(subscriber, 1, 1000);
    subscriber_count_sent(subscriber, 0, 1000);
    subscriber_count_sent(subscriber, 1, 500);
    assert_int_equal(only_subscriber(fixture->topic).sent, 2);
    assert_int_equal(only_subscriber(fixture->topic).bytes, 2500);
    subscriber_destroy(&subscriber);
}

static void an_idle_topic_has_nothing_to_take_and_the_next_frame_is_new(void **state) {
    struct fixture *fixture = *state;
    publish_range(fixture, 1, 3);
    struct subscriber *before = subscribe(fixture->topic, fixture->inbox);
    topic_set_state(fixture->topic, STATE_IDLE, NULL);
    struct subscriber *after = subscribe(fixture->topic, fixture->inbox);
    assert_int_equal(take_sequence(before), 0);
    assert_int_equal(take_sequence(after), 0);
    publish_range(fixture, 4, 4);
    assert_int_equal(take_sequence(before), 4);
    assert_int_equal(take_sequence(after), 4);
    subscriber_destroy(&before);
    subscriber_destroy(&after);
}

static void a_closed_topic_has_no_subscribers_to_come_and_nothing_to_take(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    publish_range(fixture, 1, 1);
    topic_close(fixture->topic);
    struct frame *frame = NULL;
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_CLOSED);
    assert_int_equal(subscriber_wait(subscriber, INT64_MIN, true, CLOCK_NEVER, &frame), ERR_CLOSED);
    struct subscriber *late = NULL;
    struct subscriber_settings settings = {.remote = "", .route = "test"};
    assert_int_equal(subscriber_create(fixture->topic, fixture->inbox, &settings, &late), ERR_CLOSED);
    assert_int_equal(subscriber_create(fixture->topic, NULL, &settings, &late), ERR_CLOSED);
    assert_null(late);
    assert_null(frame);
    subscriber_destroy(&subscriber);
    /* Also when it would have been the inbox's first on that topic. */
    assert_int_equal(subscriber_create(fixture->topic, fixture->inbox, &settings, &late), ERR_CLOSED);
}

static void a_subscriber_knows_what_it_was_made_with(void **state) {
    struct fixture *fixture = *state;
    char remote[101];
    memset(remote, 'r', 100);
    remote[100] = '\0';
    int user;
    struct subscriber_settings settings = {.remote = remote, .route = "video_feed", .user = &user};
    struct subscriber *subscriber = NULL;
    assert_int_equal(subscriber_create(fixture->topic, NULL, &settings, &subscriber), ERR_OK);
    struct subscriber *next = subscribe(fixture->other, NULL);
    assert_ptr_equal(subscriber_user(subscriber), &user);
    assert_ptr_equal(subscriber_topic(subscriber), fixture->topic);
    assert_true(subscriber_id(subscriber) >= 1);
    assert_int_not_equal(subscriber_id(subscriber), subscriber_id(next));
    struct subscriber_snapshot snapshot = only_subscriber(fixture->topic);
    assert_int_equal(snapshot.id, subscriber_id(subscriber));
    assert_int_equal(strlen(snapshot.remote), 63);
    assert_string_equal(snapshot.route, "video_feed");
    subscriber_destroy(&next);
    subscriber_destroy(&subscriber);
    subscriber_destroy(&subscriber); /* NULL does no harm */
}

static void a_subscriber_keeps_its_topic_and_inbox_alive(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    publish_range(fixture, 1, 1);
    topic_unref(&fixture->topic);
    assert_int_equal(take_sequence(subscriber), 1);
    subscriber_destroy(&subscriber);
}

/* ---- Waiting ---- */

static void publish_placeholder(struct fixture *fixture, enum camera_state state) {
    struct frame *frame = make_frame(fixture->pool, 1);
    uint64_t change = topic_set_state(fixture->topic, state, NULL);
    topic_publish_placeholder(fixture->topic, &frame, change);
}

static void a_wait_gives_the_newest_live_frame_also_if_it_was_had(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, NULL);
    publish_range(fixture, 1, 2);
    assert_int_equal(take_sequence(subscriber), 2);
    struct frame *frame = NULL;
    assert_int_equal(subscriber_wait(subscriber, INT64_MIN, false, 0, &frame), ERR_OK);
    assert_int_equal(frame_info(frame)->sequence, 2);
    frame_unref(&frame);
    assert_int_equal(take_sequence(subscriber), 0);
    subscriber_destroy(&subscriber);
}

static void a_wait_ends_at_its_deadline(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, NULL);
    struct frame *frame = NULL;
    int64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    assert_int_equal(subscriber_wait(subscriber, INT64_MIN, true, deadline_ns, &frame), ERR_TIMEOUT);
    assert_true(clock_monotonic_ns() >= deadline_ns);
    assert_null(frame);
    subscriber_destroy(&subscriber);
}

static void a_wait_wants_a_frame_that_is_fresh_enough(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, NULL);
    publish_range(fixture, 1, 1);
    struct frame *newest = topic_newest(fixture->topic);
    int64_t captured_ns = frame_info(newest)->captured_monotonic_ns;
    frame_unref(&newest);
    struct frame *frame = NULL;
    assert_int_equal(subscriber_wait(subscriber, captured_ns + 1, true, 0, &frame), ERR_TIMEOUT);
    assert_int_equal(subscriber_wait(subscriber, captured_ns, true, 0, &frame), ERR_OK);
    frame_unref(&frame);
    subscriber_destroy(&subscriber);
}

static void a_placeholder_ends_a_wait_only_if_failures_are_wanted(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, NULL);
    static const enum camera_state failures[] = {STATE_STALE, STATE_OFFLINE};
    struct frame *frame = NULL;
    for (int i = 0; i < 2; i++) {
        publish_placeholder(fixture, failures[i]);
        assert_int_equal(subscriber_wait(subscriber, INT64_MIN, false, 0, &frame), ERR_TIMEOUT);
        assert_int_equal(subscriber_wait(subscriber, CLOCK_NEVER, true, 0, &frame), ERR_OK);
        assert_int_equal(frame_info(frame)->state, failures[i]);
        frame_unref(&frame);
    }
    publish_placeholder(fixture, STATE_STARTING); /* no failure: a frame is yet to come */
    assert_int_equal(subscriber_wait(subscriber, INT64_MIN, true, 0, &frame), ERR_TIMEOUT);
    subscriber_destroy(&subscriber);
}

/* Waits for ever in a thread of its own. */
struct waiter {
    struct topic *topic;
    struct event ready;
    enum err error;
    uint64_t sequence;
};

static void *wait_for_frame(void *argument) {
    struct waiter *waiter = argument;
    struct subscriber_settings settings = {.remote = "", .route = "snapshot"};
    struct subscriber *subscriber = NULL;
    waiter->error = subscriber_create(waiter->topic, NULL, &settings, &subscriber);
    event_set(&waiter->ready);
    if (waiter->error == ERR_OK) {
        struct frame *frame = NULL;
        int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
        waiter->error = subscriber_wait(subscriber, INT64_MIN, true, deadline_ns, &frame);
        waiter->sequence = frame != NULL ? frame_info(frame)->sequence : 0;
        frame_unref(&frame);
        subscriber_destroy(&subscriber);
    }
    return NULL;
}

static pthread_t start_waiter(struct fixture *fixture, struct waiter *waiter) {
    *waiter = (struct waiter){.topic = fixture->topic};
    assert_int_equal(event_init(&waiter->ready), ERR_OK);
    pthread_t thread;
    assert_int_equal(thread_start(&thread, "waiter", 0, wait_for_frame, waiter), ERR_OK);
    assert_true(event_wait_until(&waiter->ready, clock_monotonic_ns() + PATIENCE_NS));
    return thread;
}

static void publishing_ends_every_wait(void **state) {
    struct fixture *fixture = *state;
    struct waiter waiters[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        threads[i] = start_waiter(fixture, &waiters[i]);
    }
    publish_range(fixture, 8, 8);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(waiters[i].error, ERR_OK);
        assert_int_equal(waiters[i].sequence, 8);
        event_finish(&waiters[i].ready);
    }
}

static void closing_ends_every_wait(void **state) {
    struct fixture *fixture = *state;
    struct waiter waiters[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        threads[i] = start_waiter(fixture, &waiters[i]);
    }
    topic_close(fixture->topic);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(waiters[i].error, ERR_CLOSED);
        event_finish(&waiters[i].ready);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_first_take_gives_the_newest_frame_and_skips_nothing),
        TEST(a_frame_is_taken_once),
        TEST(skipped_frames_are_counted_exactly),
        TEST(gaps_in_the_cameras_sequence_are_no_skips),
        TEST(skips_can_be_corrected_but_not_below_none),
        TEST(a_repetition_counts_its_bytes_but_no_frame),
        TEST(an_idle_topic_has_nothing_to_take_and_the_next_frame_is_new),
        TEST(a_closed_topic_has_no_subscribers_to_come_and_nothing_to_take),
        TEST(a_subscriber_knows_what_it_was_made_with),
        TEST(a_subscriber_keeps_its_topic_and_inbox_alive),
        TEST(a_wait_gives_the_newest_live_frame_also_if_it_was_had),
        TEST(a_wait_ends_at_its_deadline),
        TEST(a_wait_wants_a_frame_that_is_fresh_enough),
        TEST(a_placeholder_ends_a_wait_only_if_failures_are_wanted),
        TEST(publishing_ends_every_wait),
        TEST(closing_ends_every_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
