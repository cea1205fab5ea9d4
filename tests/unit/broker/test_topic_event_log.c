#include "tests/unit/broker/topic_fixture.h"

static struct event_log *event_log;
static struct event_log_reader *reader;

static int set_up_event_log(void **state) {
    set_up(state);
    struct fixture *fixture = *state;
    assert_int_equal(event_log_create(&event_log), ERR_OK);
    assert_int_equal(event_log_reader_create(event_log, 0, &reader), ERR_OK);
    topic_set_event_log(fixture->topic, event_log, true);
    return 0;
}

static int tear_down_event_log(void **state) {
    tear_down(state);
    event_log_reader_destroy(&reader);
    event_log_destroy(&event_log);
    return 0;
}

static struct event_log_entry read_entry(enum event_log_kind kind) {
    struct event_log_entry entry;
    uint64_t missed;
    assert_int_equal(event_log_read(reader, &entry, &missed), ERR_OK);
    assert_int_equal(entry.kind, kind);
    assert_string_equal(entry.camera, "door");
    return entry;
}

static void assert_change(enum camera_state from, enum camera_state to, const char *reason) {
    struct event_log_entry entry = read_entry(EVENT_LOG_STATE);
    assert_int_equal(entry.from, from);
    assert_int_equal(entry.to, to);
    assert_string_equal(entry.reason.text, reason);
}

static void assert_nothing_more(void) {
    struct event_log_entry entry;
    uint64_t missed;
    assert_int_equal(event_log_read(reader, &entry, &missed), ERR_BUSY);
}

static void each_change_of_state_is_logged_once(void **state) {
    struct fixture *fixture = *state;
    topic_set_state(fixture->topic, STATE_STARTING, NULL);
    publish(fixture->topic, fixture->pool, 1);
    publish(fixture->topic, fixture->pool, 2);
    uint64_t change;
    assert_true(topic_set_stale(fixture->topic, CLOCK_NEVER, "no frame for 3 s", &change));
    topic_set_state(fixture->topic, STATE_OFFLINE, "unplugged");
    topic_set_state(fixture->topic, STATE_OFFLINE, "still unplugged");
    assert_change(STATE_IDLE, STATE_STARTING, "");
    assert_change(STATE_STARTING, STATE_LIVE, "");
    assert_change(STATE_LIVE, STATE_STALE, "no frame for 3 s");
    assert_change(STATE_STALE, STATE_OFFLINE, "unplugged");
    assert_nothing_more();
}

static void a_closed_topic_logs_no_state(void **state) {
    struct fixture *fixture = *state;
    topic_close(fixture->topic);
    topic_set_state(fixture->topic, STATE_OFFLINE, NULL);
    assert_nothing_more();
}

static void viewers_come_and_leave(void **state) {
    struct fixture *fixture = *state;
    struct inbox *inbox = NULL;
    assert_int_equal(inbox_create(&inbox), ERR_OK);
    struct subscriber *viewer = subscribe(fixture->topic, inbox);
    uint64_t id = subscriber_id(viewer);
    struct event_log_entry came = read_entry(EVENT_LOG_VIEWER_CAME);
    assert_int_equal(came.viewer, id);
    assert_string_equal(came.remote, "127.0.0.1:52034");
    assert_string_equal(came.route, "video_feed");
    topic_close(fixture->topic);
    subscriber_destroy(&viewer);
    assert_int_equal(read_entry(EVENT_LOG_VIEWER_LEFT).viewer, id);
    assert_nothing_more();
    inbox_destroy(&inbox);
}

static void internal_subscribers_are_not_logged(void **state) {
    struct fixture *fixture = *state;
    struct inbox *inbox = NULL;
    assert_int_equal(inbox_create(&inbox), ERR_OK);
    struct subscriber *waiting = subscribe(fixture->topic, NULL), *internal = NULL;
    struct subscriber_settings settings = {.remote = "", .route = "variant", .is_internal = true};
    assert_int_equal(subscriber_create(fixture->topic, inbox, &settings, &internal), ERR_OK);
    subscriber_destroy(&waiting);
    subscriber_destroy(&internal);
    assert_nothing_more();
    inbox_destroy(&inbox);
}

static void a_topic_of_a_variant_logs_viewers_only(void **state) {
    struct fixture *fixture = *state;
    topic_set_event_log(fixture->topic, event_log, false);
    struct inbox *inbox = NULL;
    assert_int_equal(inbox_create(&inbox), ERR_OK);
    struct subscriber *viewer = subscribe(fixture->topic, inbox);
    publish(fixture->topic, fixture->pool, 1);
    subscriber_destroy(&viewer);
    read_entry(EVENT_LOG_VIEWER_CAME);
    read_entry(EVENT_LOG_VIEWER_LEFT);
    assert_nothing_more();
    inbox_destroy(&inbox);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_change_of_state_is_logged_once, set_up_event_log, tear_down_event_log),
        cmocka_unit_test_setup_teardown(a_closed_topic_logs_no_state, set_up_event_log, tear_down_event_log),
        cmocka_unit_test_setup_teardown(viewers_come_and_leave, set_up_event_log, tear_down_event_log),
        cmocka_unit_test_setup_teardown(internal_subscribers_are_not_logged, set_up_event_log, tear_down_event_log),
        cmocka_unit_test_setup_teardown(a_topic_of_a_variant_logs_viewers_only, set_up_event_log, tear_down_event_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
