#include "broker/topic_demand.h"
#include "tests/unit/broker/topic_fixture.h"

#include <stdio.h>

static void a_new_topic_is_idle_and_empty(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(topic_state(fixture->topic), STATE_IDLE);
    assert_null(topic_newest(fixture->topic));
    assert_string_equal(topic_id(fixture->topic), "door");
}

static void publishing_makes_the_topic_live(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 5);
    struct frame_info info = newest_info(fixture->topic);
    assert_int_equal(topic_state(fixture->topic), STATE_LIVE);
    assert_int_equal(info.state, STATE_LIVE);
    assert_int_equal(info.sequence, 5);
    assert_int_equal(info.position, 1);
}

static void positions_count_what_was_published_whatever_the_sequence(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 5);
    publish(fixture->topic, fixture->pool, 9);
    assert_int_equal(newest_info(fixture->topic).position, 2);
    assert_int_equal(newest_info(fixture->topic).sequence, 9);
    assert_int_equal(look(fixture->topic).published, 2);
}

static void a_full_ring_drops_its_oldest_frame(void **state) {
    struct fixture *fixture = *state;
    for (uint64_t i = 1; i <= 20; i++) {
        publish(fixture->topic, fixture->pool, i);
    }
    assert_int_equal(newest_info(fixture->topic).sequence, 20);
    assert_int_equal(frame_pool_usage(fixture->pool).frames, RING_FRAMES + 1); /* and one that is being made */
}

static size_t write_head(char head[FRAME_HEAD_MAX_BYTES], const char *topic_id, const struct frame_info *info,
                         size_t payload_bytes) {
    return (size_t)snprintf(head, FRAME_HEAD_MAX_BYTES, "%s %s %d %zu|", topic_id, state_name(info->state),
                            (int)info->sequence, payload_bytes);
}

static void frames_are_sealed_with_the_topics_envelope(void **state) {
    struct fixture *fixture = *state;
    static const struct frame_envelope envelope = {.write_head = write_head, .tail = "|end"};
    struct topic_settings settings;
    topic_copy_settings(fixture->topic, &settings);
    struct topic *topic = NULL;
    assert_int_equal(topic_create(&settings, &envelope, &topic), ERR_OK);
    struct frame *frame = make_sized_frame(fixture->pool, '7', 1);
    topic_publish(topic, &frame);
    frame = topic_newest(topic);
    assert_int_equal(frame_part(frame).count, strlen("door live 55 1|7|end"));
    assert_memory_equal(frame_part(frame).bytes, "door live 55 1|7|end", frame_part(frame).count);
    frame_unref(&frame);

    uint64_t change = topic_set_state(topic, STATE_STALE, NULL);
    frame = make_sized_frame(fixture->pool, '8', 1);
    topic_publish_placeholder(topic, &frame, change);
    frame = topic_newest(topic);
    assert_memory_equal(frame_part(frame).bytes, "door stale 55 1|8|end", frame_part(frame).count);
    frame_unref(&frame);
    topic_unref(&topic);
}

static void a_closed_topic_drops_what_is_published(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 1);
    uint64_t change = topic_set_state(fixture->topic, STATE_STALE, NULL);
    topic_close(fixture->topic);
    topic_close(fixture->topic);
    publish(fixture->topic, fixture->pool, 2);
    publish_placeholder(fixture, change);
    assert_int_equal(newest_info(fixture->topic).position, 1);
    assert_int_equal(look(fixture->topic).published, 1);
}

static void the_newest_frame_outlives_the_topic(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 6);
    struct frame *newest = topic_newest(fixture->topic);
    topic_unref(&fixture->topic);
    assert_int_equal(frame_payload(newest).bytes[0], 6);
    frame_unref(&newest);
}

static void a_topic_lives_as_long_as_its_references(void **state) {
    struct fixture *fixture = *state;
    struct topic *other = topic_ref(fixture->topic);
    topic_unref(&fixture->topic);
    assert_null(fixture->topic);
    char name[TOPIC_NAME_MAX_BYTES + 1];
    topic_copy_name(other, name);
    assert_string_equal(name, "Front door");
    topic_unref(&other);
    topic_unref(&other); /* NULL does no harm */
}

static void change_ring(struct topic *topic, unsigned ring_frames) {
    struct topic_settings settings;
    topic_copy_settings(topic, &settings);
    settings.ring_frames = ring_frames;
    topic_change_settings(topic, &settings);
}

static void a_smaller_ring_keeps_the_newest_frames(void **state) {
    struct fixture *fixture = *state;
    for (uint64_t i = 1; i <= RING_FRAMES + 1; i++) {
        publish(fixture->topic, fixture->pool, i);
    }
    size_t frames = frame_pool_usage(fixture->pool).frames;
    change_ring(fixture->topic, 1);
    assert_int_equal(newest_info(fixture->topic).sequence, RING_FRAMES + 1);
    /* What has left the ring is used for what comes. */
    publish(fixture->topic, fixture->pool, RING_FRAMES + 2);
    assert_int_equal(newest_info(fixture->topic).sequence, RING_FRAMES + 2);
    assert_int_equal(frame_pool_usage(fixture->pool).frames, frames);
}

static void a_larger_ring_goes_on_with_the_frames_of_the_old_one(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, NULL);
    for (uint64_t i = 1; i <= 20; i++) {
        change_ring(fixture->topic, (unsigned)(i * 3 % 64 + 1));
        publish(fixture->topic, fixture->pool, i);
        change_ring(fixture->topic, (unsigned)(i * 5 % 64 + 1));
        assert_int_equal(take_sequence(subscriber), i);
    }
    assert_int_equal(only_subscriber(fixture->topic).skipped, 0);
    subscriber_destroy(&subscriber);
}

static void other_settings_count_at_once(void **state) {
    struct fixture *fixture = *state;
    struct topic_settings settings;
    topic_copy_settings(fixture->topic, &settings);
    settings.on_demand = false;
    snprintf(settings.name, sizeof settings.name, "Back door");
    assert_false(topic_wanted(fixture->topic, NULL));
    topic_change_settings(fixture->topic, &settings);
    assert_true(topic_wanted(fixture->topic, NULL));
    assert_string_equal(look(fixture->topic).settings.name, "Back door");
}

static void the_sequence_is_that_of_the_newest_live_frame(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(topic_sequence(fixture->topic), 0);
    publish(fixture->topic, fixture->pool, 7);
    topic_set_state(fixture->topic, STATE_IDLE, NULL);
    assert_int_equal(topic_sequence(fixture->topic), 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_new_topic_is_idle_and_empty),
        TEST(publishing_makes_the_topic_live),
        TEST(positions_count_what_was_published_whatever_the_sequence),
        TEST(a_full_ring_drops_its_oldest_frame),
        TEST(frames_are_sealed_with_the_topics_envelope),
        TEST(a_closed_topic_drops_what_is_published),
        TEST(the_newest_frame_outlives_the_topic),
        TEST(a_topic_lives_as_long_as_its_references),
        TEST(a_smaller_ring_keeps_the_newest_frames),
        TEST(a_larger_ring_goes_on_with_the_frames_of_the_old_one),
        TEST(other_settings_count_at_once),
        TEST(the_sequence_is_that_of_the_newest_live_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
