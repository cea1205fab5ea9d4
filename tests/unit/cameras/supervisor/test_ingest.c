#include "cameras/supervisor/ingest.h"

#include "broker/base/clock.h"
#include "broker/topic.h"
#include "cameras/picture/encoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 192
#define HEIGHT 96

static const struct polygon_point corner[] = {{0.5, 0}, {1, 0}, {1, 0.5}, {0.5, 0.5}};
static const struct polygon masks[] = {{corner, 4}};

static struct broker *broker;
static struct topic *topic;
static struct event cancel;
static struct motion_watch *motion;
static struct ingest *ingest;
static struct frame *raw, *jpeg;

static struct frame *make_raw(uint32_t width_px, uint32_t height_px) {
    const size_t size = (size_t)width_px * height_px;
    struct frame *frame;
    assert_int_equal(frame_create(broker_frame_pool(broker), size, &frame), ERR_OK);
    for (size_t i = 0; i < size; i++) {
        frame_data(frame)[i] = (uint8_t)(100 + i * i % 100);
    }
    frame_set_size(frame, size);
    *frame_edit_info(frame) = (struct frame_info){.sequence = 1,
                                                  .width_px = width_px,
                                                  .height_px = height_px,
                                                  .format = FRAME_GREY,
                                                  .captured_monotonic_ns = clock_monotonic_ns(),
                                                  .captured_realtime_ns = clock_realtime_ns()};
    return frame;
}

static struct frame *encode(uint32_t width_px, uint32_t height_px) {
    struct encoder *encoder;
    struct frame *from = make_raw(width_px, height_px), *to;
    assert_int_equal(encoder_create(broker_frame_pool(broker), 90, SUBSAMPLING_420, &encoder), ERR_OK);
    assert_int_equal(encoder_encode(encoder, from, NULL, &to, NULL), ERR_OK);
    encoder_destroy(&encoder);
    frame_unref(&from);
    return to;
}

static int set_up(void **state) {
    (void)state;
    static const struct topic_settings settings = {.id = "1", .name = "Camera", .source = "test", .ring_frames = 4};
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 1}, &broker), ERR_OK);
    assert_int_equal(broker_create_topic(broker, &settings, &topic), ERR_OK);
    assert_int_equal(event_init(&cancel), ERR_OK);
    assert_int_equal(motion_watch_create(broker, topic, &motion), ERR_OK);
    raw = make_raw(WIDTH, HEIGHT);
    jpeg = encode(WIDTH, HEIGHT);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    frame_unref(&raw);
    frame_unref(&jpeg);
    ingest_destroy(&ingest);
    motion_watch_destroy(&motion);
    event_finish(&cancel);
    topic_unref(&topic);
    broker_destroy(&broker);
    return 0;
}

static const struct camera_settings plain = {.source.quality = 80};
static const struct camera_settings masked = {.source.quality = 80, .filter = {.masks = masks, .mask_count = 1}};

static void begin(const struct camera_settings *settings, uint64_t generation) {
    assert_int_equal(ingest_create(broker, topic, settings, generation, motion, &cancel, &ingest), ERR_OK);
}

static bool is_same_picture(const struct frame *a, const struct frame *b) {
    const struct span first = frame_payload(a), second = frame_payload(b);
    return first.count == second.count && memcmp(first.bytes, second.bytes, first.count) == 0;
}

static void without_an_option_the_frame_is_the_memory_of_the_camera(void **state) {
    (void)state;
    begin(&plain, 0);
    struct frame *frame = frame_ref(jpeg);
    const uint8_t *bytes = frame_payload(frame).bytes;
    const struct frame_pool_usage before = frame_pool_usage(broker_frame_pool(broker));
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_OK);
    struct frame *newest = topic_newest(topic);
    assert_ptr_equal(newest, jpeg);
    assert_ptr_equal(frame_payload(newest).bytes, bytes);
    assert_int_equal(frame_pool_usage(broker_frame_pool(broker)).frames, before.frames);
    frame_unref(&newest);
}

static void masked_picture_alone_is_published(void **state) {
    (void)state;
    begin(&masked, 0);
    struct frame *frame = frame_ref(jpeg);
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_OK);
    struct frame *newest = topic_newest(topic);
    assert_non_null(newest);
    assert_false(is_same_picture(newest, jpeg));
    frame_unref(&newest);
}

static void picture_that_cannot_be_made_as_wanted_is_not_published(void **state) {
    (void)state;
    static const struct camera_settings turned = {.source.quality = 80,
                                                  .filter = {.turn_degrees = 180, .masks = masks, .mask_count = 1}};
    begin(&turned, 0);
    struct frame *frame = encode(6, 6), *before;
    struct reason reason = {""};
    assert_int_equal(ingest_take(ingest, &frame, false, &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, "too small"));
    assert_null(topic_newest(topic));
    assert_int_equal(ingest_broken_in_a_row(ingest), 1);
    frame = frame_ref(jpeg);
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_OK);
    before = topic_newest(topic);
    frame = encode(6, 6);
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_INVALID);
    struct frame *newest = topic_newest(topic);
    assert_ptr_equal(newest, before);
    frame_unref(&newest);
    frame_unref(&before);
}

static void picture_made_under_former_settings_is_dropped(void **state) {
    (void)state;
    begin(&plain, topic_generation(topic));
    struct frame *frame = frame_ref(jpeg);
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_OK);
    struct frame *newest = topic_newest(topic);
    assert_non_null(newest);
    frame_unref(&newest);
    broker_begin_generation(broker, topic);
    assert_null(topic_newest(topic));
    /* The camera's thread, and a worker, are still at it. */
    frame = frame_ref(jpeg);
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_OK);
    frame = frame_ref(raw);
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_OK);
    const int64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_S;
    while (worker_pool_usage(broker_worker_pool(broker)).completed == 0) {
        assert_true(clock_monotonic_ns() < deadline_ns);
    }
    assert_null(topic_newest(topic));
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(topic, &snapshot), ERR_OK);
    assert_int_equal(snapshot.dropped, 2);
    topic_snapshot_finish(&snapshot);
    /* The next camera's are shown. */
    ingest_destroy(&ingest);
    begin(&masked, topic_generation(topic));
    frame = frame_ref(jpeg);
    assert_int_equal(ingest_take(ingest, &frame, false, NULL), ERR_OK);
    newest = topic_newest(topic);
    assert_non_null(newest);
    frame_unref(&newest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_an_option_the_frame_is_the_memory_of_the_camera, set_up, tear_down),
        cmocka_unit_test_setup_teardown(masked_picture_alone_is_published, set_up, tear_down),
        cmocka_unit_test_setup_teardown(picture_that_cannot_be_made_as_wanted_is_not_published, set_up, tear_down),
        cmocka_unit_test_setup_teardown(picture_made_under_former_settings_is_dropped, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
