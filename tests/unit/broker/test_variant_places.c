/* How many variants a camera has, and whose give way to others. */
#include "tests/unit/broker/variant_fixture.h"

static void number_of_variants_is_bounded_but_for_named_ones(void **state) {
    (void)state;
    publish('a');
    struct topic *topics[] = {open_request((struct variant_request){100, 0, 0}),
                              open_request((struct variant_request){200, 0, 0}),
                              open_request((struct variant_request){200, 0, 0}), open_request(named.request)};
    struct topic *refused = NULL;
    assert_int_equal(broker_open_variant(broker, camera, &(struct variant_request){300, 0, 0}, &refused), ERR_BUSY);
    assert_null(refused);
    for (size_t i = 0; i < 4; i++) {
        topic_unref(&topics[i]);
    }
}

static enum err try_for(const char *client, uint32_t width_px, struct topic **topic) {
    const struct variant_request request = {.width_px = width_px, .quality = (int)width_px / 10};
    return broker_open_variant_for(broker, client, camera, &request, topic);
}

static struct topic *open_for(const char *client, uint32_t width_px) {
    struct topic *topic = NULL;
    assert_int_equal(try_for(client, width_px, &topic), ERR_OK);
    return topic;
}

static void newest_variant_of_the_client_that_has_most_gives_way(void **state) {
    (void)state;
    publish('a');
    struct topic *topics[] = {open_for("first", 200), open_for("first", 300)}, *refused = NULL;
    struct subscriber *oldest = subscribe(topics[0]), *newest = subscribe(topics[1]);
    assert_int_equal(try_for("first", 400, &refused), ERR_BUSY); /* its own share it has */

    struct topic *other = open_for("second", 400);
    struct frame *frame = NULL;
    assert_int_equal(subscriber_wait(newest, CLOCK_NEVER, false, clock_monotonic_ns() + IN_TIME_NS, &frame),
                     ERR_CLOSED);
    assert_int_equal(count_variants(), 2);
    subscriber_destroy(&newest);
    topic_unref(&topics[1]);
    AWAIT(atomic_load(&converters) <= 2); /* the one that gave way is dropped */

    struct subscriber *subscriber = subscribe(other);
    for (size_t i = 0; i < 2; i++) { /* the others are made as before */
        frame = await(i == 0 ? subscriber : oldest, 0);
        frame_unref(&frame);
    }
    assert_int_equal(try_for("first", 300, &refused), ERR_BUSY); /* nobody has two more than it */
    assert_int_equal(try_for("third", 300, &refused), ERR_BUSY); /* a client's only one stays */
    assert_int_equal(try_for("", 300, &refused), ERR_BUSY);
    assert_null(refused);
    subscriber_destroy(&subscriber);
    subscriber_destroy(&oldest);
    topic_unref(&other);
    topic_unref(&topics[0]);
}

static void variants_without_a_client_are_not_closed(void **state) {
    (void)state;
    publish('a');
    struct topic *topics[] = {open_for("", 200), open_for("", 300)}, *refused = NULL;
    assert_int_equal(try_for("first", 400, &refused), ERR_BUSY);
    assert_null(refused);
    topic_unref(&topics[0]);
    topic_unref(&topics[1]);
}

static void use_for(const char *client, uint32_t width_px) {
    struct topic *topic = NULL;
    AWAIT(try_for(client, width_px, &topic) == ERR_OK); /* those that have given way are to be dropped first */
    struct subscriber *subscriber = subscribe(topic);
    subscriber_destroy(&subscriber);
    topic_unref(&topic);
}

static void unused_variants_of_the_client_itself_give_way_first(void **state) {
    (void)state;
    publish('a');
    use_for("first", 200);
    for (uint32_t width_px = 300; width_px <= 600; width_px += 100) {
        use_for("second", width_px);
    }
    struct topic_snapshot snapshot;
    assert_int_equal(broker_snapshot_topic(broker, camera, &snapshot), ERR_OK);
    assert_int_equal(snapshot.variant_count, 2);
    assert_int_equal(snapshot.variants[0].quality, 60);
    assert_int_equal(snapshot.variants[1].quality, 20);
    topic_snapshot_finish(&snapshot);
}

static void of_unused_variants_the_one_left_first_gives_way(void **state) {
    (void)state;
    publish('a');
    struct topic *topics[] = {open_request((struct variant_request){200, 10, 0}),
                              open_request((struct variant_request){300, 20, 0})};
    for (int i = 1; i >= 0; i--) { /* the second of them is left first */
        struct subscriber *subscriber = subscribe(topics[i]);
        subscriber_destroy(&subscriber);
        topic_unref(&topics[i]);
    }
    struct topic *other = open_request((struct variant_request){400, 30, 0});
    struct topic_snapshot snapshot;
    assert_int_equal(broker_snapshot_topic(broker, camera, &snapshot), ERR_OK);
    assert_int_equal(snapshot.variant_count, 2);
    assert_int_equal(snapshot.variants[0].quality, 30);
    assert_int_equal(snapshot.variants[1].quality, 10);
    topic_snapshot_finish(&snapshot);
    AWAIT(atomic_load(&converters) <= 1); /* the one that gave way is dropped */
    topic_unref(&other);
}

static void variants_that_give_way_are_bounded_too(void **state) {
    (void)state;
    publish('a');
    for (int i = 0; i < 1000; i++) { /* the rate alone makes another variant */
        struct topic *topic = NULL;
        struct variant_request request = {.width_px = 300, .fps = 1 + i / 100.0};
        if (broker_open_variant(broker, camera, &request, &topic) == ERR_OK) {
            struct subscriber *subscriber = subscribe(topic);
            assert_true(count_variants() <= 2);
            subscriber_destroy(&subscriber);
            topic_unref(&topic);
        }
        assert_true(atomic_load(&converters) <= 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(number_of_variants_is_bounded_but_for_named_ones, begin, end),
        cmocka_unit_test_setup_teardown(of_unused_variants_the_one_left_first_gives_way, begin_patient, end),
        cmocka_unit_test_setup_teardown(variants_that_give_way_are_bounded_too, begin_patient, end),
        cmocka_unit_test_setup_teardown(newest_variant_of_the_client_that_has_most_gives_way, begin, end),
        cmocka_unit_test_setup_teardown(variants_without_a_client_are_not_closed, begin, end),
        cmocka_unit_test_setup_teardown(unused_variants_of_the_client_itself_give_way_first, begin_patient, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
