/* Variants through the broker, with a converter that makes no pictures. */
#include "broker/variant_supply.h"
#include "tests/unit/broker/variant_fixture.h"

static void request_for_what_the_camera_gives_is_its_own_topic(void **state) {
    (void)state;
    publish('a');
    static const struct variant_request requests[] = {{0, 0, 0}, {640, 0, 0}, {3840, 0, 0}};
    for (size_t i = 0; i < 3; i++) {
        struct topic *topic = open_request(requests[i]);
        assert_ptr_equal(topic, camera);
        topic_unref(&topic);
    }
    assert_int_equal(count_variants(), 0);
}

static void requests_that_come_to_the_same_are_one_variant(void **state) {
    (void)state;
    struct topic *unknown = open_request((struct variant_request){300, 0, 0});
    publish('a');
    struct topic *first = open_request((struct variant_request){250, 0, 0});
    struct topic *coarser = open_request((struct variant_request){300, 50, 0});
    assert_ptr_equal(first, unknown);
    assert_ptr_not_equal(coarser, first);
    topic_unref(&unknown);
    topic_unref(&first);
    topic_unref(&coarser);
}

static void frames_are_converted_while_there_are_subscribers(void **state) {
    (void)state;
    struct topic *topic = open_request((struct variant_request){300, 0, 0});
    publish('a');
    assert_false(camera_is_watched());
    struct subscriber *first = subscribe(topic), *second = subscribe(topic);
    struct frame *frame = await(first, 0), *same = await(second, 0);
    assert_ptr_equal(frame, same);
    assert_int_equal(frame_payload(frame).bytes[0], 'a');
    assert_int_equal(frame_info(frame)->sequence, 1);
    assert_int_equal(frame_info(frame)->captured_realtime_ns, 1000);
    assert_int_equal(frame_info(frame)->width_px, 300);
    assert_true(camera_is_watched());
    assert_int_equal(atomic_load(&conversions), 1);
    frame_unref(&frame);
    frame_unref(&same);

    int64_t now_ns = clock_monotonic_ns();
    publish_at('b', now_ns);
    frame = await(second, now_ns);
    assert_int_equal(frame_payload(frame).bytes[0], 'b');
    assert_int_equal(frame_info(frame)->sequence, 2);
    frame_unref(&frame);
    subscriber_destroy(&first);
    subscriber_destroy(&second);
    AWAIT(!camera_is_watched());
    publish('c');
    assert_int_equal(atomic_load(&conversions), 2);
    topic_unref(&topic);
    AWAIT(count_variants() == 0);
    assert_int_equal(atomic_load(&converters), 0);
}

static void who_comes_back_is_shown_no_old_frame(void **state) {
    (void)state;
    struct topic *topic = open_request((struct variant_request){300, 0, 0});
    publish('a');
    struct subscriber *subscriber = subscribe(topic);
    struct frame *frame = await(subscriber, 0);
    frame_unref(&frame);
    subscriber_destroy(&subscriber);
    AWAIT(topic_state(topic) == STATE_IDLE);
    frame = topic_newest(topic);
    assert_null(frame);
    subscriber = subscribe(topic);
    frame = await(subscriber, 0); /* the camera still has it, so it is shown again */
    assert_int_equal(frame_info(frame)->sequence, 1);
    frame_unref(&frame);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

static void placeholders_come_through_with_their_state(void **state) {
    (void)state;
    struct topic *topic = open_request((struct variant_request){300, 0, 0});
    struct subscriber *subscriber = subscribe(topic);
    publish('a');
    struct frame *frame = await(subscriber, 0);
    frame_unref(&frame);
    uint64_t change = topic_set_state(camera, STATE_OFFLINE, "unplugged");
    struct frame *placeholder = make_frame('p', clock_monotonic_ns());
    topic_publish_placeholder(camera, &placeholder, change);
    frame = await(subscriber, CLOCK_NEVER);
    assert_int_equal(frame_info(frame)->state, STATE_OFFLINE);
    assert_int_equal(frame_info(frame)->sequence, 1);
    assert_int_equal(frame_payload(frame).bytes[0], 'p');
    frame_unref(&frame);
    int64_t now_ns = clock_monotonic_ns();
    publish_at('b', now_ns);
    frame = await(subscriber, now_ns);
    assert_int_equal(frame_info(frame)->state, STATE_LIVE);
    frame_unref(&frame);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

static void capped_variant_converts_only_what_it_shows(void **state) {
    (void)state;
    struct topic *topic = open_request((struct variant_request){100, 0, 5});
    struct subscriber *subscriber = subscribe(topic);
    int64_t start_ns = clock_monotonic_ns();
    int64_t captured_ns = start_ns;
    publish_at('a', captured_ns);
    struct frame *frame = await(subscriber, captured_ns);
    frame_unref(&frame);
    for (int i = 1; i <= 20; i++) { /* 10 fps for two seconds */
        captured_ns = start_ns + i * 100 * NS_PER_MS;
        publish_at('b', captured_ns);
        if (i % 2 == 0) {
            frame = await(subscriber, captured_ns);
            frame_unref(&frame);
        }
    }
    assert_int_equal(atomic_load(&conversions), 11);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

static void frame_that_cannot_be_converted_is_passed_over(void **state) {
    (void)state;
    struct topic *topic = open_request((struct variant_request){300, 0, 0});
    struct subscriber *subscriber = subscribe(topic);
    struct frame *empty = make_frame(0, clock_monotonic_ns());
    frame_set_size(empty, 0);
    topic_publish(camera, &empty);
    AWAIT(atomic_load(&conversions) == 1);
    publish('a');
    struct frame *frame = await(subscriber, 0);
    assert_int_equal(frame_info(frame)->sequence, 2);
    frame_unref(&frame);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

static void snapshot_lists_variants_and_their_subscribers(void **state) {
    (void)state;
    publish('a');
    struct topic *topic = open_request(named.request);
    struct subscriber *own = subscribe(camera), *subscriber = subscribe(topic);
    struct frame *frame = await(subscriber, 0);
    frame_unref(&frame);
    struct topic_snapshot snapshot;
    assert_int_equal(broker_snapshot_topic(broker, camera, &snapshot), ERR_OK);
    assert_int_equal(snapshot.variant_count, 1);
    assert_string_equal(snapshot.variants[0].name, "thumb");
    assert_int_equal(snapshot.variants[0].width_px, 100);
    assert_int_equal(snapshot.variants[0].height_px, 480);
    assert_int_equal(snapshot.variants[0].subscriber_count, 1);
    assert_int_equal(snapshot.subscriber_count, 2); /* without the variant itself */
    assert_int_equal(snapshot.subscribers[0].id, subscriber_id(own));
    assert_int_equal(snapshot.subscribers[0].variant, 0);
    assert_int_equal(snapshot.subscribers[1].id, subscriber_id(subscriber));
    assert_int_equal(snapshot.subscribers[1].variant, 1);
    topic_snapshot_finish(&snapshot);
    subscriber_destroy(&own);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

static void closing_ends_the_variants_of_a_camera(void **state) {
    (void)state;
    struct topic *topic = open_request((struct variant_request){300, 0, 0});
    struct subscriber *subscriber = subscribe(topic);
    AWAIT(camera_is_watched());
    topic_close(camera);
    struct frame *frame;
    assert_int_equal(subscriber_wait(subscriber, 0, false, clock_monotonic_ns() + IN_TIME_NS, &frame), ERR_CLOSED);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
    AWAIT(count_variants() == 0);
}

/* ---- A supply ---- */

static _Atomic(struct topic *) supplied_topic;
static atomic_int supply_closes;

static enum err supply_open(void *user, const char *id, const struct variant_request *request, struct topic *topic,
                            void **supplied) {
    assert_string_equal(id, "a");
    assert_int_equal(request->width_px, 100);
    *supplied = user;
    atomic_store(&supplied_topic, topic);
    return ERR_OK;
}

static void supply_close(void *user, void *supplied) {
    assert_ptr_equal(user, supplied);
    atomic_store(&supplied_topic, NULL);
    atomic_fetch_add(&supply_closes, 1);
}

static const struct variant_supply supply_ops = {.open = supply_open, .close = supply_close};

static void wait_for_supply(bool open) {
    const int64_t deadline_ns = clock_monotonic_ns() + IN_TIME_NS;
    while ((atomic_load(&supplied_topic) != NULL) != open) {
        assert_true(clock_monotonic_ns() < deadline_ns);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void supply_publishes_variants_while_they_have_subscribers(void **state) {
    (void)state;
    int user;
    struct topic *variant;
    const struct variant_request request = {.width_px = 100};
    topic_set_variant_supply(camera, &supply_ops, &user);
    assert_int_equal(broker_open_variant(broker, camera, &request, &variant), ERR_OK);
    struct subscriber *subscriber = subscribe(variant);
    wait_for_supply(true);
    assert_ptr_equal(atomic_load(&supplied_topic), variant);
    assert_int_equal(atomic_load(&conversions), 0);
    subscriber_destroy(&subscriber);
    wait_for_supply(false);
    assert_int_equal(atomic_load(&supply_closes), 1);

    /* One that is removed is not called any more. */
    subscriber = subscribe(variant);
    wait_for_supply(true);
    topic_set_variant_supply(camera, NULL, NULL);
    subscriber_destroy(&subscriber);
    topic_unref(&variant);
    assert_int_equal(atomic_load(&supply_closes), 1);
}

static void closed_broker_makes_no_variants(void **state) {
    (void)state;
    struct topic *topic = open_request((struct variant_request){300, 0, 0}), *refused = NULL;
    struct subscriber *subscriber = subscribe(topic);
    broker_close(broker);
    struct frame *frame;
    assert_int_equal(subscriber_take(subscriber, &frame), ERR_CLOSED);
    assert_int_equal(broker_open_variant(broker, camera, &(struct variant_request){100, 0, 0}, &refused), ERR_CLOSED);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(request_for_what_the_camera_gives_is_its_own_topic, begin, end),
        cmocka_unit_test_setup_teardown(requests_that_come_to_the_same_are_one_variant, begin, end),
        cmocka_unit_test_setup_teardown(frames_are_converted_while_there_are_subscribers, begin, end),
        cmocka_unit_test_setup_teardown(who_comes_back_is_shown_no_old_frame, begin, end),
        cmocka_unit_test_setup_teardown(placeholders_come_through_with_their_state, begin, end),
        cmocka_unit_test_setup_teardown(capped_variant_converts_only_what_it_shows, begin, end),
        cmocka_unit_test_setup_teardown(frame_that_cannot_be_converted_is_passed_over, begin, end),
        cmocka_unit_test_setup_teardown(snapshot_lists_variants_and_their_subscribers, begin, end),
        cmocka_unit_test_setup_teardown(closing_ends_the_variants_of_a_camera, begin, end),
        cmocka_unit_test_setup_teardown(supply_publishes_variants_while_they_have_subscribers, begin, end),
        cmocka_unit_test_setup_teardown(closed_broker_makes_no_variants, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
