/* Variants through the broker, with a converter that makes no pictures. */
#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "broker/broker.h"
#include "broker/subscriber.h"
#include "broker/topic_demand.h"
#include "broker/variant_supply.h"
#include "tests/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define IDLE_NS (50 * NS_PER_MS)
#define IN_TIME_NS (5 * NS_PER_S)

/* ---- The converter: widths snap to hundreds, heights stay, and so does the first byte ---- */

static atomic_int converters, conversions;

static struct variant_request fake_resolve(const struct variant_request *request, uint32_t source_width_px) {
    struct variant_request resolved = *request;
    resolved.width_px = (request->width_px + 99) / 100 * 100;
    if (source_width_px != 0 && resolved.width_px >= source_width_px) {
        resolved.width_px = 0;
    }
    return resolved;
}

struct fake {
    struct frame_pool *pool;
    struct variant_request request;
};

static enum err fake_create(struct frame_pool *pool, const struct variant_request *request, void **converter) {
    struct fake *fake = calloc(1, sizeof *fake);
    *fake = (struct fake){.pool = pool, .request = *request};
    atomic_fetch_add(&converters, 1);
    *converter = fake;
    return ERR_OK;
}

static enum err fake_convert(void *converter, const struct frame *source, const struct work_limit *limit,
                             struct frame **derived) {
    (void)limit;
    const struct fake *fake = converter;
    atomic_fetch_add(&conversions, 1);
    if (frame_payload(source).count == 0) {
        return ERR_INVALID;
    }
    enum err error = frame_create(fake->pool, 32, derived);
    if (error == ERR_OK) {
        *frame_edit_info(*derived) = *frame_info(source);
        frame_edit_info(*derived)->width_px = fake->request.width_px;
        frame_data(*derived)[0] = frame_payload(source).bytes[0];
        frame_set_size(*derived, 1);
    }
    return error;
}

static void fake_destroy(void *converter) {
    if (converter != NULL) {
        atomic_fetch_sub(&converters, 1);
        free(converter);
    }
}

static const struct converter_ops fake_ops = {
    .resolve = fake_resolve, .create = fake_create, .convert = fake_convert, .destroy = fake_destroy};

/* ---- A broker with one camera ---- */

static struct broker *broker;
static struct topic *camera;
static uint64_t sequence;

static const struct variant_settings named = {"thumb", {.width_px = 100, .fps = 5}};

static int begin_with(int64_t idle_timeout_ns) {
    struct broker_settings settings = {.workers = 1, .converters = &fake_ops};
    struct topic_settings topic = {.id = "a",
                                   .name = "A",
                                   .ring_frames = 4,
                                   .idle_timeout_ns = idle_timeout_ns,
                                   .on_demand = true,
                                   .variants = {named},
                                   .variant_count = 1,
                                   .max_variants = 2};
    sequence = 0;
    atomic_store(&conversions, 0);
    return broker_create(&settings, &broker) == ERR_OK && add_topic(broker, &topic, &camera) == ERR_OK ? 0 : -1;
}

static int begin(void **state) {
    (void)state;
    return begin_with(IDLE_NS);
}

/* Unused variants stay as long as they may. */
static int begin_patient(void **state) {
    (void)state;
    return begin_with(60 * NS_PER_S);
}

static int end(void **state) {
    (void)state;
    broker_close(broker);
    topic_unref(&camera);
    broker_destroy(&broker);
    return atomic_load(&converters) == 0 ? 0 : -1;
}

static struct frame *make_frame(uint8_t content, int64_t captured_ns) {
    struct frame *frame;
    assert_int_equal(frame_create(broker_frame_pool(broker), 16, &frame), ERR_OK);
    frame_data(frame)[0] = content;
    frame_set_size(frame, 1);
    sequence++;
    *frame_edit_info(frame) = (struct frame_info){.sequence = sequence,
                                                  .captured_realtime_ns = 1000 * (int64_t)sequence,
                                                  .captured_monotonic_ns = captured_ns,
                                                  .width_px = 640,
                                                  .height_px = 480,
                                                  .format = FRAME_JPEG};
    return frame;
}

static void publish_at(uint8_t content, int64_t captured_ns) {
    struct frame *frame = make_frame(content, captured_ns);
    topic_publish(camera, &frame);
}

static void publish(uint8_t content) { publish_at(content, clock_monotonic_ns()); }

static struct topic *open_request(struct variant_request request) {
    struct topic *topic = NULL;
    assert_int_equal(broker_open_variant(broker, camera, &request, &topic), ERR_OK);
    return topic;
}

static struct subscriber *subscribe(struct topic *topic) {
    struct subscriber_settings settings = {.remote = "127.0.0.1:1", .route = "test"};
    struct subscriber *subscriber;
    assert_int_equal(subscriber_create(topic, NULL, &settings, &subscriber), ERR_OK);
    return subscriber;
}

/* A live frame captured then or later; CLOCK_NEVER: the placeholder of a failure. */
static struct frame *await(struct subscriber *subscriber, int64_t captured_from_ns) {
    struct frame *frame = NULL;
    assert_int_equal(subscriber_wait(subscriber, captured_from_ns, captured_from_ns == CLOCK_NEVER,
                                     clock_monotonic_ns() + IN_TIME_NS, &frame),
                     ERR_OK);
    return frame;
}

static size_t count_variants(void) {
    struct topic_snapshot snapshot;
    assert_int_equal(broker_snapshot_topic(broker, camera, &snapshot), ERR_OK);
    size_t count = snapshot.variant_count;
    topic_snapshot_finish(&snapshot);
    return count;
}

static bool camera_is_watched(void) {
    int64_t until_ns;
    return topic_wanted(camera, &until_ns) && until_ns == CLOCK_NEVER;
}

#define AWAIT(condition)                                                                                               \
    do {                                                                                                               \
        int64_t deadline_ns = clock_monotonic_ns() + IN_TIME_NS;                                                       \
        while (!(condition)) {                                                                                         \
            assert_true(clock_monotonic_ns() < deadline_ns);                                                           \
            nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);                                                 \
        }                                                                                                              \
    } while (0)

/* ---- Tests ---- */

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
        cmocka_unit_test_setup_teardown(number_of_variants_is_bounded_but_for_named_ones, begin, end),
        cmocka_unit_test_setup_teardown(of_unused_variants_the_one_left_first_gives_way, begin_patient, end),
        cmocka_unit_test_setup_teardown(variants_that_give_way_are_bounded_too, begin_patient, end),
        cmocka_unit_test_setup_teardown(newest_variant_of_the_client_that_has_most_gives_way, begin, end),
        cmocka_unit_test_setup_teardown(variants_without_a_client_are_not_closed, begin, end),
        cmocka_unit_test_setup_teardown(unused_variants_of_the_client_itself_give_way_first, begin_patient, end),
        cmocka_unit_test_setup_teardown(snapshot_lists_variants_and_their_subscribers, begin, end),
        cmocka_unit_test_setup_teardown(closing_ends_the_variants_of_a_camera, begin, end),
        cmocka_unit_test_setup_teardown(supply_publishes_variants_while_they_have_subscribers, begin, end),
        cmocka_unit_test_setup_teardown(closed_broker_makes_no_variants, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
