/* A camera with a scripted driver, and a viewer that waits for its states. */
#ifndef TESTS_CAMERA_FIXTURE_H
#define TESTS_CAMERA_FIXTURE_H

#include "broker/base/log.h"
#include "broker/inbox.h"
#include "broker/subscriber.h"
#include "cameras/picture/encoder.h"
#include "cameras/supervisor/camera.h"
#include "tests/unit/cameras/picture/bare_jpeg.h"
#include "tests/unit/cameras/supervisor/fake_driver.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* As impatient as a test can be without depending on how fast the machine is. */
static const struct camera_timing quick = {
    .open = 300 * NS_PER_MS,
    .first_frame = 300 * NS_PER_MS,
    .next_frame = 1000 * NS_PER_MS,
    .no_frame = 2000 * NS_PER_MS,
    .grace = PATIENCE_NS, /* what is no test of hanging drivers finds none, however long a thread waits for a core */
    .quick_start = 50 * NS_PER_MS,
    .retry_first = 10 * NS_PER_MS,
    .retry_max = 80 * NS_PER_MS,
    .steady = 1 * NS_PER_S,
};

#define SHORT_GRACE_NS (300 * NS_PER_MS)
/* A camera stays offline for long enough to be seen offline. */
#define LONG_RETRY_NS (1 * NS_PER_S)

static struct broker *broker;
static struct watchdog *watchdog;
static struct camera *camera;
static struct topic *topic;
static struct inbox *inbox;
static struct subscriber *viewer;
static uint8_t jpeg_bytes[20000], bare_jpeg_bytes[20000];

static inline void make_pictures(void) {
    struct encoder *encoder;
    struct frame *raw;
    struct frame *jpeg;
    assert_int_equal(encoder_create(broker_frame_pool(broker), 80, SUBSAMPLING_420, &encoder), ERR_OK);
    assert_int_equal(frame_create(broker_frame_pool(broker), 64 * 48, &raw), ERR_OK);
    for (size_t i = 0; i < (size_t)64 * 48; i++) {
        frame_data(raw)[i] = (uint8_t)(i * i >> 6);
    }
    frame_set_size(raw, (size_t)64 * 48);
    *frame_edit_info(raw) = (struct frame_info){.width_px = 64, .height_px = 48, .format = FRAME_GREY};
    assert_int_equal(encoder_encode(encoder, raw, NULL, &jpeg, NULL), ERR_OK);
    struct span payload = frame_payload(jpeg);
    assert_true(payload.count < sizeof jpeg_bytes);
    memcpy(jpeg_bytes, payload.bytes, payload.count);
    fake.jpeg = (struct span){jpeg_bytes, payload.count};
    fake.bare_jpeg = (struct span){bare_jpeg_bytes, strip_tables(jpeg_bytes, payload.count, bare_jpeg_bytes)};
    assert_true(fake.bare_jpeg.count < fake.jpeg.count);
    frame_unref(&jpeg);
    frame_unref(&raw);
    encoder_destroy(&encoder);
}

static inline int set_up(void **state) {
    (void)state;
    fake = (struct fake){.steps = NULL};
    lock_init(&fake.lock);
    condition_init(&fake.changed);
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 2}, &broker), ERR_OK);
    assert_int_equal(watchdog_create(&watchdog), ERR_OK);
    assert_int_equal(inbox_create(&inbox), ERR_OK);
    make_pictures();
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    subscriber_destroy(&viewer);
    inbox_destroy(&inbox);
    topic_unref(&topic);
    camera_destroy(&camera);
    watchdog_destroy(&watchdog);
    broker_destroy(&broker);
    condition_finish(&fake.changed);
    lock_finish(&fake.lock);
    return 0;
}

static inline struct camera_settings usual_settings(void) {
    return (struct camera_settings){.topic = {.id = "front-door",
                                              .name = "Front door",
                                              .source = "fake",
                                              .ring_frames = 4,
                                              .idle_timeout_ns = 20 * NS_PER_MS,
                                              .on_demand = true,
                                              .stale_after_ns = 100 * NS_PER_MS},
                                    .source = {.width_px = 320, .height_px = 240, .quality = 80}};
}

static inline void create_with(const struct camera_settings *settings, const struct camera_timing *wanted) {
    static struct camera_timing timing; /* borrowed for longer than the test's own function runs */
    timing = *wanted;
    const struct camera_shared shared = {.broker = broker, .watchdog = watchdog, .timing = &timing};
    assert_int_equal(broker_create_topic(broker, &settings->topic, &topic), ERR_OK);
    assert_int_equal(camera_create(&shared, &fake_driver, settings, topic, &camera), ERR_OK);
    struct camera *none = NULL;
    camera_begin(camera, &none);
}

static inline void create_camera(void) {
    struct camera_settings settings = usual_settings();
    create_with(&settings, &quick);
}

static inline void create_slow_to_retry(void) {
    struct camera_timing timing = quick;
    timing.retry_first = timing.retry_max = LONG_RETRY_NS;
    struct camera_settings settings = usual_settings();
    create_with(&settings, &timing);
}

/* It is given up for the number of its broken frames, not for their time. */
static inline void create_patient(void) {
    struct camera_timing timing = quick;
    timing.first_frame = timing.next_frame = PATIENCE_NS;
    struct camera_settings settings = usual_settings();
    create_with(&settings, &timing);
}

static inline void watch_camera(void) {
    struct subscriber_settings settings = {.remote = "test", .route = "test"};
    assert_int_equal(subscriber_create(topic, inbox, &settings, &viewer), ERR_OK);
}

/* Waits for the viewer's next picture of that state; the caller's to release. Its stream must not end. */
static inline struct frame *await_picture(enum camera_state state) {
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    for (;;) {
        struct frame *frame;
        enum err error = subscriber_take(viewer, &frame);
        if (error == ERR_OK) {
            if (frame_info(frame)->state == state) {
                return frame;
            }
            frame_unref(&frame);
            continue;
        }
        assert_int_equal(error, ERR_BUSY);
        struct pollfd news = {.fd = inbox_fd(inbox), .events = POLLIN};
        assert_int_equal(poll(&news, 1, clock_poll_timeout_ms(deadline_ns)), 1);
        inbox_begin(inbox);
        while (inbox_next(inbox) != NULL) {
        }
    }
}

static inline void await_state(enum camera_state state) {
    struct frame *frame = await_picture(state);
    frame_unref(&frame);
}

/* Nobody is told of this state, since it only comes when nobody watches: hence the polling. */
static inline void await_idle(void) {
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (topic_state(topic) != STATE_IDLE) {
        assert_true(clock_monotonic_ns() < deadline_ns);
        poll(NULL, 0, 1);
    }
}

static inline struct topic_snapshot snapshot(void) {
    struct topic_snapshot now;
    assert_int_equal(topic_snapshot(topic, &now), ERR_OK);
    topic_snapshot_finish(&now);
    return now;
}

#define SCRIPT(...)                                                                                                    \
    static const enum step script[] = {__VA_ARGS__};                                                                   \
    fake.steps = script;                                                                                               \
    fake.step_count = sizeof script / sizeof script[0]

#define camera_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
