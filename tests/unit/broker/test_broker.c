#include "broker/broker.h"

#include "tests/topics.h"
#include "tests/unit/support.h"

#include <stdio.h>

static int set_up(void **state) {
    struct broker_settings settings = {.workers = 1};
    struct broker *broker = NULL;
    assert_int_equal(broker_create(&settings, &broker), ERR_OK);
    *state = broker;
    return 0;
}

static int tear_down(void **state) {
    struct broker *broker = *state;
    broker_destroy(&broker);
    assert_null(broker);
    broker_destroy(&broker); /* NULL does no harm */
    return 0;
}

static void add(struct broker *broker, const char *id) {
    struct topic_settings settings = {.source = "test", .ring_frames = 2};
    snprintf(settings.id, sizeof settings.id, "%s", id);
    assert_int_equal(add_topic(broker, &settings, NULL), ERR_OK);
}

static void assert_found(struct broker *broker, const char *id_or_place, const char *expected_id) {
    struct topic *topic = broker_find_topic(broker, id_or_place);
    assert_non_null(topic);
    assert_string_equal(topic_id(topic), expected_id);
    topic_unref(&topic);
}

static void a_topic_is_found_by_its_id(void **state) {
    add(*state, "door");
    add(*state, "yard");
    assert_found(*state, "yard", "yard");
    assert_found(*state, "door", "door");
}

static void places_count_from_one(void **state) {
    add(*state, "door");
    add(*state, "yard");
    assert_found(*state, "1", "door");
    assert_found(*state, "2", "yard");
    assert_null(broker_find_topic(*state, "3"));
    assert_null(broker_find_topic(*state, "0"));
}

static void an_id_goes_before_a_place(void **state) {
    add(*state, "2");
    add(*state, "yard");
    add(*state, "1");
    assert_found(*state, "1", "1");
    assert_found(*state, "2", "2");
    assert_found(*state, "3", "1");
}

static void only_a_plain_number_is_a_place(void **state) {
    add(*state, "door");
    static const char *const refused[] = {
        "",          "01",  "001", "1x", "x1",   " 1",  "1 ",    "+1",
        "-1",        "1.0", "0x1", "00", "DOOR", "doo", "doors", "18446744073709551617",
        "4294967297"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_null(broker_find_topic(*state, refused[i]));
    }
}

static void an_empty_broker_has_no_topics(void **state) {
    assert_null(broker_topic_at(*state, 0));
    assert_null(broker_find_topic(*state, "1"));
    broker_close(*state);
    struct broker_snapshot snapshot;
    assert_int_equal(broker_snapshot(*state, &snapshot), ERR_OK);
    assert_int_equal(snapshot.topic_count, 0);
    broker_snapshot_finish(&snapshot);
}

static void topics_keep_the_order_in_which_they_came(void **state) {
    for (size_t i = 0; i < 100; i++) {
        char id[32];
        snprintf(id, sizeof id, "camera-%zu", i);
        add(*state, id);
    }
    for (size_t i = 0; i < 100; i++) {
        char id[32];
        snprintf(id, sizeof id, "camera-%zu", i);
        struct topic *topic = broker_topic_at(*state, i);
        assert_string_equal(topic_id(topic), id);
        topic_unref(&topic);
    }
    assert_null(broker_topic_at(*state, 100));
}

static void a_new_list_keeps_what_is_in_it_and_closes_the_rest(void **state) {
    struct broker *broker = *state;
    add(broker, "door");
    add(broker, "yard");
    struct topic_list *before = broker_topics(broker);
    struct topic *reaper = before->topics[0], *yard = before->topics[1];
    struct subscriber *at_reaper = subscribe(reaper, NULL), *at_yard = subscribe(yard, NULL);
    publish(reaper, broker_frame_pool(broker), 1);
    publish(yard, broker_frame_pool(broker), 1);

    struct topic *authorization;
    struct topic_settings settings = {.id = "gate", .source = "test", .ring_frames = 2};
    assert_int_equal(broker_create_topic(broker, &settings, &authorization), ERR_OK);
    struct topic *const topics[] = {authorization, yard};
    struct topic_list *list;
    assert_int_equal(topic_list_create(topics, 2, &list), ERR_OK);
    broker_set_topics(broker, TOPICS_LOCAL, &list);
    assert_null(list);
    assert_found(broker, "1", "gate");
    assert_found(broker, "2", "yard");
    assert_null(broker_find_topic(broker, "door"));
    assert_null(broker_find_topic(broker, "3"));
    struct frame *frame;
    assert_int_equal(subscriber_take(at_reaper, &frame), ERR_CLOSED);
    assert_int_equal(take_sequence(at_yard), 1);

    /* Who has the old list still sees it whole. */
    assert_int_equal(before->count, 2);
    assert_string_equal(topic_id(before->topics[0]), "door");
    subscriber_destroy(&at_reaper);
    subscriber_destroy(&at_yard);
    topic_unref(&authorization);
    topic_list_unref(&before);
}

static struct topic *make_listless(struct broker *broker, const char *id) {
    struct topic *topic;
    struct topic_settings settings = {.source = "test", .ring_frames = 2};
    snprintf(settings.id, sizeof settings.id, "%s", id);
    assert_int_equal(broker_create_topic(broker, &settings, &topic), ERR_OK);
    return topic;
}

static void set_group(struct broker *broker, enum topic_group group, struct topic *const *topics, size_t count) {
    struct topic_list *list;
    assert_int_equal(topic_list_create(topics, count, &list), ERR_OK);
    broker_set_topics(broker, group, &list);
}

static void imported_topics_follow_local_ones_and_change_alone(void **state) {
    struct broker *broker = *state;
    struct topic *local = make_listless(broker, "door"), *imported = make_listless(broker, "site.yard");
    set_group(broker, TOPICS_IMPORTED, &imported, 1);
    assert_found(broker, "1", "site.yard");
    set_group(broker, TOPICS_LOCAL, &local, 1);
    assert_found(broker, "1", "door");
    assert_found(broker, "2", "site.yard");

    struct subscriber *subscriber = subscribe(imported, NULL);
    set_group(broker, TOPICS_LOCAL, NULL, 0);
    assert_found(broker, "1", "site.yard");
    struct frame *frame;
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_BUSY);
    set_group(broker, TOPICS_IMPORTED, NULL, 0);
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_CLOSED);
    assert_null(broker_find_topic(broker, "1"));
    subscriber_destroy(&subscriber);
    topic_unref(&local);
    topic_unref(&imported);
}

static size_t write_head(char head[FRAME_HEAD_MAX_BYTES], const char *topic_id, const struct frame_info *info,
                         size_t payload_bytes) {
    (void)info;
    (void)payload_bytes;
    return (size_t)snprintf(head, FRAME_HEAD_MAX_BYTES, "%s:", topic_id);
}

static void frames_and_topics_outlive_the_broker(void **state) {
    (void)state;
    static const struct frame_envelope envelope = {.write_head = write_head, .tail = "."};
    struct broker *broker = NULL;
    assert_int_equal(broker_create(&(struct broker_settings){.envelope = &envelope}, &broker), ERR_OK);
    struct topic_settings settings = {.id = "door", .source = "test", .ring_frames = 2};
    struct topic *topic = NULL;
    assert_int_equal(add_topic(broker, &settings, &topic), ERR_OK);
    struct frame *frame = make_sized_frame(broker_frame_pool(broker), 'f', 1);
    topic_publish(topic, &frame);
    broker_destroy(&broker);
    frame = topic_newest(topic);
    assert_int_equal(frame_part(frame).count, strlen("door:f."));
    assert_memory_equal(frame_part(frame).bytes, "door:f.", frame_part(frame).count);
    frame_unref(&frame);
    topic_unref(&topic);
}

static void closing_the_broker_closes_every_topic(void **state) {
    struct broker *broker = *state;
    add(broker, "door");
    add(broker, "yard");
    struct topic *yard = broker_find_topic(broker, "yard");
    struct subscriber *subscriber = subscribe(yard, NULL);
    broker_close(broker);
    broker_close(broker);
    struct frame *frame = NULL;
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_CLOSED);
    subscriber_destroy(&subscriber);
    topic_unref(&yard);
}

static void a_snapshot_shows_the_whole_broker(void **state) {
    struct broker *broker = *state;
    add(broker, "door");
    add(broker, "yard");
    struct topic *yard = broker_find_topic(broker, "yard");
    publish(yard, broker_frame_pool(broker), 3);
    struct subscriber *subscriber = subscribe(yard, NULL);
    struct broker_snapshot snapshot;
    assert_int_equal(broker_snapshot(broker, &snapshot), ERR_OK);
    assert_true(clock_realtime_ns() - snapshot.started_realtime_ns < PATIENCE_NS);
    assert_true(snapshot.uptime_ns > 0 && snapshot.uptime_ns < PATIENCE_NS);
    assert_int_equal(snapshot.workers.threads, 1);
    assert_int_equal(snapshot.frames.frames, 1);
    assert_int_equal(snapshot.topic_count, 2);
    assert_string_equal(snapshot.topics[0].settings.id, "door");
    assert_int_equal(snapshot.topics[0].state, STATE_IDLE);
    assert_int_equal(snapshot.topics[1].state, STATE_LIVE);
    assert_int_equal(snapshot.topics[1].last_sequence, 3);
    assert_int_equal(snapshot.topics[1].subscribers[0].id, subscriber_id(subscriber));
    struct broker_snapshot brief;
    assert_int_equal(broker_snapshot_brief(broker, &brief), ERR_OK);
    assert_int_equal(brief.topic_count, 2);
    assert_true(brief.topics[1].is_brief);
    assert_int_equal(brief.topics[1].last_sequence, 3);
    assert_int_equal(brief.topics[1].subscriber_count, 0);
    broker_snapshot_finish(&brief);
    subscriber_destroy(&subscriber);
    topic_unref(&yard);
    broker_snapshot_finish(&snapshot);
    assert_int_equal(snapshot.topic_count, 0);
    broker_snapshot_finish(&snapshot); /* twice does no harm */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_topic_is_found_by_its_id),
        TEST(places_count_from_one),
        TEST(an_id_goes_before_a_place),
        TEST(only_a_plain_number_is_a_place),
        TEST(an_empty_broker_has_no_topics),
        TEST(topics_keep_the_order_in_which_they_came),
        TEST(a_new_list_keeps_what_is_in_it_and_closes_the_rest),
        TEST(imported_topics_follow_local_ones_and_change_alone),
        TEST(closing_the_broker_closes_every_topic),
        TEST(a_snapshot_shows_the_whole_broker),
        cmocka_unit_test(frames_and_topics_outlive_the_broker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
