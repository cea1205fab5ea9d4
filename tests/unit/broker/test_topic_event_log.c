#include "tests/unit/broker/topic_fixture.h"

static struct journal *journal;
static struct journal_reader *reader;

static int set_up_journal(void **state) {
    set_up(state);
    struct fixture *fixture = *state;
    assert_int_equal(journal_create(&journal), ERR_OK);
    assert_int_equal(journal_reader_create(journal, 0, &reader), ERR_OK);
    topic_set_journal(fixture->topic, journal, true);
    return 0;
}

static int tear_down_journal(void **state) {
    tear_down(state);
    journal_reader_destroy(&reader);
    journal_destroy(&journal);
    return 0;
}

static struct journal_entry read_entry(enum journal_kind kind) {
    struct journal_entry entry;
    uint64_t missed;
    assert_int_equal(journal_read(reader, &entry, &missed), ERR_OK);
    assert_int_equal(entry.kind, kind);
    assert_string_equal(entry.camera, "door");
    return entry;
}

static void assert_change(enum camera_state from, enum camera_state to, const char *reason) {
    struct journal_entry entry = read_entry(JOURNAL_STATE);
    assert_int_equal(entry.from, from);
    assert_int_equal(entry.to, to);
    assert_string_equal(entry.reason.text, reason);
}

static void assert_nothing_more(void) {
    struct journal_entry entry;
    uint64_t missed;
    assert_int_equal(journal_read(reader, &entry, &missed), ERR_BUSY);
}

static void each_change_of_state_is_told_once(void **state) {
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

static void a_closed_topic_tells_no_state(void **state) {
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
    struct journal_entry came = read_entry(JOURNAL_VIEWER_CAME);
    assert_int_equal(came.viewer, id);
    assert_string_equal(came.remote, "127.0.0.1:52034");
    assert_string_equal(came.route, "video_feed");
    topic_close(fixture->topic);
    subscriber_destroy(&viewer);
    assert_int_equal(read_entry(JOURNAL_VIEWER_LEFT).viewer, id);
    assert_nothing_more();
    inbox_destroy(&inbox);
}

static void who_is_no_viewer_is_not_told_of(void **state) {
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

static void a_variants_topic_tells_of_viewers_alone(void **state) {
    struct fixture *fixture = *state;
    topic_set_journal(fixture->topic, journal, false);
    struct inbox *inbox = NULL;
    assert_int_equal(inbox_create(&inbox), ERR_OK);
    struct subscriber *viewer = subscribe(fixture->topic, inbox);
    publish(fixture->topic, fixture->pool, 1);
    subscriber_destroy(&viewer);
    read_entry(JOURNAL_VIEWER_CAME);
    read_entry(JOURNAL_VIEWER_LEFT);
    assert_nothing_more();
    inbox_destroy(&inbox);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_change_of_state_is_told_once, set_up_journal, tear_down_journal),
        cmocka_unit_test_setup_teardown(a_closed_topic_tells_no_state, set_up_journal, tear_down_journal),
        cmocka_unit_test_setup_teardown(viewers_come_and_leave, set_up_journal, tear_down_journal),
        cmocka_unit_test_setup_teardown(who_is_no_viewer_is_not_told_of, set_up_journal, tear_down_journal),
        cmocka_unit_test_setup_teardown(a_variants_topic_tells_of_viewers_alone, set_up_journal, tear_down_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
