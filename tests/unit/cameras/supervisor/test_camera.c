#include "broker/inbox.h"
#include "broker/subscriber.h"
#include "cameras/supervisor/camera.h"

#include "broker/base/log.h"
#include "cameras/picture/encoder.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/jpeg_decode.h"
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

static void make_pictures(void) {
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

static int set_up(void **state) {
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

static int tear_down(void **state) {
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

static struct camera_settings usual_settings(void) {
    return (struct camera_settings){.topic = {.id = "front-door",
                                              .name = "Front door",
                                              .source = "fake",
                                              .ring_frames = 4,
                                              .idle_timeout_ns = 20 * NS_PER_MS,
                                              .on_demand = true,
                                              .stale_after_ns = 100 * NS_PER_MS},
                                    .source = {.width_px = 320, .height_px = 240, .quality = 80}};
}

static void create_with(const struct camera_settings *settings, const struct camera_timing *wanted) {
    static struct camera_timing timing; /* borrowed for longer than the test's own function runs */
    timing = *wanted;
    const struct camera_shared shared = {.broker = broker, .watchdog = watchdog, .timing = &timing};
    assert_int_equal(broker_create_topic(broker, &settings->topic, &topic), ERR_OK);
    assert_int_equal(camera_create(&shared, &fake_driver, settings, topic, &camera), ERR_OK);
    struct camera *none = NULL;
    camera_begin(camera, &none);
}

static void create_camera(void) {
    struct camera_settings settings = usual_settings();
    create_with(&settings, &quick);
}

static void create_slow_to_retry(void) {
    struct camera_timing timing = quick;
    timing.retry_first = timing.retry_max = LONG_RETRY_NS;
    struct camera_settings settings = usual_settings();
    create_with(&settings, &timing);
}

/* It is given up for the number of its broken frames, not for their time. */
static void create_patient(void) {
    struct camera_timing timing = quick;
    timing.first_frame = timing.next_frame = PATIENCE_NS;
    struct camera_settings settings = usual_settings();
    create_with(&settings, &timing);
}

static void watch_camera(void) {
    struct subscriber_settings settings = {.remote = "test", .route = "test"};
    assert_int_equal(subscriber_create(topic, inbox, &settings, &viewer), ERR_OK);
}

/* Waits for the viewer's next picture of that state; the caller's to release. Its stream must not end. */
static struct frame *await_picture(enum camera_state state) {
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

static void await_state(enum camera_state state) {
    struct frame *frame = await_picture(state);
    frame_unref(&frame);
}

/* Nobody is told of this state, since it only comes when nobody watches: hence the polling. */
static void await_idle(void) {
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (topic_state(topic) != STATE_IDLE) {
        assert_true(clock_monotonic_ns() < deadline_ns);
        poll(NULL, 0, 1);
    }
}

static struct topic_snapshot snapshot(void) {
    struct topic_snapshot now;
    assert_int_equal(topic_snapshot(topic, &now), ERR_OK);
    topic_snapshot_finish(&now);
    return now;
}

#define SCRIPT(...)                                                                                                    \
    static const enum step script[] = {__VA_ARGS__};                                                                   \
    fake.steps = script;                                                                                               \
    fake.step_count = sizeof script / sizeof script[0]

/* ---- Demand ---- */

static void first_subscriber_opens_and_the_last_one_closes(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG);
    create_camera();
    assert_int_equal(topic_state(topic), STATE_IDLE);
    assert_int_equal(fake_count(&fake.opened), 0);

    watch_camera();
    await_state(STATE_LIVE);
    assert_int_equal(fake_count(&fake.opened), 1);

    int64_t left_ns = clock_monotonic_ns();
    subscriber_destroy(&viewer);
    assert_true(fake_wait(&fake.closed, 1));
    assert_true(clock_monotonic_ns() - left_ns >= 20 * NS_PER_MS);
    await_idle();

    watch_camera();
    await_state(STATE_LIVE);
    assert_int_equal(fake_count(&fake.opened), 2);
    assert_int_equal(snapshot().restarts, 0);
}

static void returning_within_the_idle_timeout_keeps_it_open(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG);
    struct camera_settings settings = usual_settings();
    settings.topic.idle_timeout_ns = PATIENCE_NS;
    create_with(&settings, &quick);
    for (int i = 0; i < 20; i++) {
        watch_camera();
        await_state(STATE_LIVE);
        subscriber_destroy(&viewer);
    }
    assert_int_equal(fake_count(&fake.opened), 1);
    assert_int_equal(fake_count(&fake.closed), 0);
}

static void camera_that_is_not_on_demand_opens_at_once(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG);
    struct camera_settings settings = usual_settings();
    settings.topic.on_demand = false;
    create_with(&settings, &quick);
    assert_true(fake_wait(&fake.reads, 3));
}

static void leaving_interrupts_a_long_read(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_SILENCE);
    struct camera_settings settings = usual_settings();
    struct camera_timing patient = quick;
    patient.next_frame = 10 * PATIENCE_NS;
    create_with(&settings, &patient);
    watch_camera();
    assert_true(fake_wait(&fake.reads, 2));
    subscriber_destroy(&viewer);
    assert_true(fake_wait(&fake.closed, 1));
}

static void leaving_ends_the_wait_for_the_next_attempt(void **state) {
    (void)state;
    fake.openings_that_fail = 1;
    SCRIPT(STEP_JPEG);
    struct camera_settings settings = usual_settings();
    struct camera_timing patient = quick;
    patient.retry_first = patient.retry_max = 10 * PATIENCE_NS;
    create_with(&settings, &patient);
    watch_camera();
    await_state(STATE_OFFLINE);
    subscriber_destroy(&viewer);
    await_idle();
    watch_camera();
    await_state(STATE_LIVE);
}

/* ---- Probes of an idle camera ---- */

/* Nobody watches, so that it takes polling as well. */
static void await_idle_error(bool wanted) {
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    struct reason error;
    while (topic_state_detail(topic, NULL, &error) != STATE_IDLE || (error.text[0] != '\0') != wanted) {
        assert_true(clock_monotonic_ns() < deadline_ns);
        poll(NULL, 0, 1);
    }
}

static void create_probed(const struct camera_timing *timing) {
    struct camera_settings settings = usual_settings();
    settings.probe_ns = 20 * NS_PER_MS;
    create_with(&settings, timing);
}

static void last_failure_stays_while_idle(void **state) {
    (void)state;
    fake.openings_that_fail = 1000;
    SCRIPT(STEP_JPEG);
    create_slow_to_retry();
    watch_camera();
    await_state(STATE_OFFLINE);
    subscriber_destroy(&viewer);
    await_idle_error(true);
}

static void probe_finds_a_dead_camera_and_its_return(void **state) {
    (void)state;
    fake.openings_that_fail = 1;
    SCRIPT(STEP_BAD, STEP_JPEG);
    create_probed(&quick);
    await_idle_error(true);
    await_idle_error(false);
    assert_true(fake_count(&fake.opened) >= 2);
    assert_int_equal(snapshot().published, 0);
    assert_int_equal(snapshot().restarts, 0);
}

static void probe_of_a_silent_camera_says_so(void **state) {
    (void)state;
    SCRIPT(STEP_SILENCE);
    create_probed(&quick);
    await_idle_error(true);
    assert_non_null(strstr(snapshot().error, "sent no frame"));
}

static void viewer_who_comes_ends_a_probe(void **state) {
    (void)state;
    SCRIPT(STEP_SILENCE);
    struct camera_timing patient = quick;
    patient.first_frame = 10 * PATIENCE_NS;
    create_probed(&patient);
    assert_true(fake_wait(&fake.reads, 1));
    watch_camera();
    await_state(STATE_STARTING);
    assert_true(fake_wait(&fake.opened, 2));
    assert_int_equal(fake_count(&fake.closed), 1);
}

/* ---- Failures ---- */

static void failure_is_told_in_words_and_the_viewer_stays(void **state) {
    (void)state;
    fake.openings_that_fail = 3;
    SCRIPT(STEP_JPEG);
    create_slow_to_retry();
    watch_camera();
    await_state(STATE_OFFLINE);
    assert_string_equal(snapshot().error, "the lens cap is on: take it off");
    await_state(STATE_LIVE);
    assert_string_equal(snapshot().error, "");
    assert_int_equal(snapshot().restarts, 3);
    assert_int_equal(fake_count(&fake.opened), 4);
}

static void each_failure_doubles_the_wait(void **state) {
    (void)state;
    fake.openings_that_fail = 6;
    SCRIPT(STEP_JPEG);
    create_camera();
    watch_camera();
    assert_true(fake_wait(&fake.opened, 7));
    int64_t least_ns = quick.retry_first * 8 / 10;
    for (int i = 0; i < 6; i++) {
        assert_true(fake.opened_at_ns[i + 1] - fake.opened_at_ns[i] >= least_ns);
        least_ns = least_ns * 2 < quick.retry_max * 8 / 10 ? least_ns * 2 : quick.retry_max * 8 / 10;
    }
}

static void one_frame_does_not_make_a_failing_camera_spin(void **state) {
    (void)state;
    fake.starts_over = true;
    SCRIPT(STEP_JPEG, STEP_GONE);
    create_camera();
    watch_camera();
    assert_true(fake_wait(&fake.opened, 6));
    assert_true(fake.opened_at_ns[5] - fake.opened_at_ns[4] >= quick.retry_max * 8 / 10);
    await_state(STATE_OFFLINE);
    assert_true(snapshot().restarts >= 4);
}

static void brief_loss_shows_no_placeholder_and_starts_the_wait_anew(void **state) {
    (void)state;
    fake.starts_over = true;
    SCRIPT(STEP_JPEG, STEP_CLOSED);
    struct camera_settings settings = usual_settings();
    settings.topic.stale_after_ns = PATIENCE_NS;
    struct camera_timing timing = quick;
    timing.quick_start = PATIENCE_NS;
    timing.retry_max = 10 * PATIENCE_NS;
    create_with(&settings, &timing);
    watch_camera();
    assert_true(fake_wait(&fake.opened, FAKE_OPENINGS_MAX)); /* doubled so often, the wait would have no end */
    struct frame *frame = await_picture(STATE_LIVE);
    assert_int_equal(frame_info(frame)->position, frame_info(frame)->sequence); /* placeholders count in the former */
    frame_unref(&frame);
    assert_int_equal(topic_state(topic), STATE_LIVE);
    assert_true(snapshot().restarts >= FAKE_OPENINGS_MAX - 1);
}

static void loss_that_lasts_becomes_stale_then_offline(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_CLOSED);
    create_slow_to_retry();
    watch_camera();
    await_state(STATE_STALE);
    await_state(STATE_OFFLINE);
    assert_string_equal(snapshot().error, "the camera closed the connection");
}

static void signs_of_life_keep_a_camera_live_until_they_last_too_long(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_ALIVE);
    create_slow_to_retry();
    watch_camera();
    struct frame *frame = await_picture(STATE_LIVE);
    int64_t live_ns = clock_monotonic_ns();
    frame_unref(&frame);
    await_state(STATE_OFFLINE); /* not after stale_after_ns, nor after next_frame */
    assert_true(clock_monotonic_ns() - live_ns >= quick.no_frame * 8 / 10);
}

static void stall_becomes_stale_then_offline_then_live_again(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_JPEG, STEP_SILENCE, STEP_JPEG);
    create_slow_to_retry();
    watch_camera();
    await_state(STATE_STALE);
    assert_string_equal(snapshot().error, "no frame for 0.1 s");
    await_state(STATE_OFFLINE);
    await_state(STATE_LIVE);
    assert_int_equal(snapshot().restarts, 1);
    assert_int_equal(fake_count(&fake.closed), 1);
}

static void silent_camera_is_opened_again_with_words(void **state) {
    (void)state;
    SCRIPT(STEP_SILENCE);
    create_camera();
    watch_camera();
    await_state(STATE_OFFLINE);
    assert_string_equal(snapshot().error, "no frame for 0.3 s: the camera stopped sending; reopening it");
}

static void hanging_read_is_interrupted(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_HANG, STEP_JPEG);
    struct camera_settings settings = usual_settings();
    struct camera_timing hasty = quick;
    hasty.grace = SHORT_GRACE_NS;
    hasty.retry_first = hasty.retry_max = LONG_RETRY_NS;
    create_with(&settings, &hasty);
    watch_camera();
    await_state(STATE_OFFLINE);
    await_state(STATE_LIVE);
    assert_int_equal(fake_count(&fake.opened), 2);
    assert_int_equal(snapshot().restarts, 1);
}

static void hanging_opening_is_interrupted(void **state) {
    (void)state;
    fake.opening_hangs = true;
    SCRIPT(STEP_JPEG);
    struct camera_settings settings = usual_settings();
    struct camera_timing hasty = quick;
    hasty.grace = SHORT_GRACE_NS;
    create_with(&settings, &hasty);
    watch_camera();
    await_state(STATE_OFFLINE);
    assert_non_null(strstr(snapshot().error, "the driver d"));
    assert_true(fake_wait(&fake.opened, 2));
}

static void hanging_driver_does_not_hold_up_the_end(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_HANG);
    struct camera_settings settings = usual_settings();
    struct camera_timing patient = quick;
    patient.next_frame = 10 * PATIENCE_NS;
    create_with(&settings, &patient);
    watch_camera();
    assert_true(fake_wait(&fake.reads, 2));
    int64_t began_ns = clock_monotonic_ns();
    camera_destroy(&camera);
    assert_true(clock_monotonic_ns() - began_ns < 2 * NS_PER_S);
    assert_int_equal(fake_count(&fake.closed), 1);
}

/* ---- Frames ---- */

static void broken_frames_are_counted_and_never_published(void **state) {
    (void)state;
    SCRIPT(STEP_HALF_JPEG, STEP_JPEG, STEP_BAD, STEP_HALF_JPEG, STEP_JPEG, STEP_SILENCE);
    create_camera();
    watch_camera();
    assert_true(fake_wait(&fake.reads, 6));
    struct topic_snapshot now = snapshot();
    assert_int_equal(now.invalid, 3);
    assert_int_equal(now.published, 2);
    assert_int_equal(now.last_sequence, 5);
    assert_int_equal(fake_count(&fake.opened), 1);
}

static void nothing_but_broken_frames_is_a_failure(void **state) {
    (void)state;
    SCRIPT(STEP_BAD);
    create_patient();
    watch_camera();
    await_state(STATE_OFFLINE);
    struct topic_snapshot now = snapshot();
    assert_non_null(strstr(now.error, "the last 100 frames were broken"));
    assert_int_equal(now.published, 0);
    assert_true(now.invalid >= 100);
}

static void short_raw_pictures_are_broken_too(void **state) {
    (void)state;
    SCRIPT(STEP_SHORT_RAW);
    create_patient();
    watch_camera();
    await_state(STATE_OFFLINE);
    assert_int_equal(snapshot().published, 0);
    assert_true(snapshot().invalid >= 100);
}

static void missing_huffman_tables_are_put_in(void **state) {
    (void)state;
    SCRIPT(STEP_BARE_JPEG);
    create_camera();
    watch_camera();
    struct frame *frame = await_picture(STATE_LIVE);
    struct span payload = frame_payload(frame);
    struct jpeg_layout layout;
    assert_int_equal(jpeg_inspect(payload.bytes, payload.count, &layout, NULL), ERR_OK);
    assert_true(layout.has_huffman_tables);
    assert_int_equal(jpeg_check_decoding(payload.bytes, payload.count, NULL, NULL), ERR_OK);
    frame_unref(&frame);
    assert_int_equal(snapshot().invalid, 0);
}

static void frames_that_the_device_lost_leave_a_gap(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_AFTER_GAP, STEP_SILENCE);
    create_camera();
    watch_camera();
    assert_true(fake_wait(&fake.reads, 3));
    struct topic_snapshot now = snapshot();
    assert_int_equal(now.published, 2);
    assert_int_equal(now.dropped, 2);
    assert_int_equal(now.last_sequence, 4);
}

static void raw_pictures_become_jpeg_in_order_and_none_is_lost_uncounted(void **state) {
    (void)state;
    SCRIPT(STEP_RAW, STEP_RAW, STEP_RAW, STEP_RAW, STEP_RAW, STEP_RAW, STEP_RAW, STEP_RAW, STEP_SILENCE);
    struct camera_settings settings = usual_settings();
    settings.topic.stale_after_ns = PATIENCE_NS;
    create_with(&settings, &quick);
    watch_camera();
    uint64_t before = 0;
    while (before < 8) {
        struct frame *frame = await_picture(STATE_LIVE);
        assert_true(frame_info(frame)->sequence > before);
        before = frame_info(frame)->sequence;
        assert_int_equal(frame_info(frame)->format, FRAME_JPEG);
        assert_int_equal(frame_info(frame)->width_px, RAW_WIDTH_PX);
        frame_unref(&frame);
    }
    assert_true(fake_wait(&fake.reads, 9)); /* so what was replaced before has been counted */
    struct topic_snapshot now = snapshot();
    assert_int_equal(now.published + now.dropped, 8);
    assert_string_equal(now.format, "FAKE");
}

static void no_frame_of_a_closed_opening_follows(void **state) {
    (void)state;
    SCRIPT(STEP_RAW, STEP_RAW, STEP_GONE);
    struct camera_settings settings = usual_settings();
    struct camera_timing patient = quick;
    patient.retry_first = patient.retry_max = 10 * PATIENCE_NS;
    create_with(&settings, &patient);
    watch_camera();
    await_state(STATE_OFFLINE);
    uint64_t published = snapshot().published;
    assert_string_equal(snapshot().error, "unplugged: plug it in again");
    camera_destroy(&camera);
    assert_int_equal(snapshot().published, published);
    assert_int_equal(topic_state(topic), STATE_IDLE);
}

/* ---- Placeholders ---- */

static void placeholder_has_the_configured_size_and_decodes(void **state) {
    (void)state;
    fake.openings_that_fail = UINT32_MAX;
    SCRIPT(STEP_JPEG);
    create_camera();
    watch_camera();
    struct frame *frame = await_picture(STATE_OFFLINE);
    struct span payload = frame_payload(frame);
    assert_int_equal(frame_info(frame)->width_px, 320);
    assert_int_equal(frame_info(frame)->height_px, 240);
    assert_int_equal(jpeg_check_decoding(payload.bytes, payload.count, NULL, NULL), ERR_OK);
    frame_unref(&frame);
}

static void placeholder_has_the_captured_size_once_known(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG, STEP_SILENCE);
    create_camera();
    watch_camera();
    struct frame *frame = await_picture(STATE_STALE);
    assert_int_equal(frame_info(frame)->width_px, 64);
    assert_int_equal(frame_info(frame)->height_px, 48);
    frame_unref(&frame);
}

static void slow_start_is_shown(void **state) {
    (void)state;
    SCRIPT(STEP_SILENCE);
    struct camera_settings settings = usual_settings();
    struct camera_timing patient = quick;
    patient.first_frame = 10 * PATIENCE_NS;
    create_with(&settings, &patient);
    watch_camera();
    await_state(STATE_STARTING);
}

static void quick_start_shows_no_placeholder(void **state) {
    (void)state;
    SCRIPT(STEP_JPEG);
    struct camera_settings settings = usual_settings();
    settings.topic.stale_after_ns = PATIENCE_NS;
    struct camera_timing patient = quick;
    patient.quick_start = PATIENCE_NS;
    create_with(&settings, &patient);
    watch_camera();
    struct frame *frame = await_picture(STATE_LIVE);
    assert_int_equal(frame_info(frame)->position, frame_info(frame)->sequence); /* placeholders count in the former */
    frame_unref(&frame);
}

#define camera_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        camera_test(first_subscriber_opens_and_the_last_one_closes),
        camera_test(returning_within_the_idle_timeout_keeps_it_open),
        camera_test(camera_that_is_not_on_demand_opens_at_once),
        camera_test(leaving_interrupts_a_long_read),
        camera_test(leaving_ends_the_wait_for_the_next_attempt),
        camera_test(last_failure_stays_while_idle),
        camera_test(probe_finds_a_dead_camera_and_its_return),
        camera_test(probe_of_a_silent_camera_says_so),
        camera_test(viewer_who_comes_ends_a_probe),
        camera_test(failure_is_told_in_words_and_the_viewer_stays),
        camera_test(each_failure_doubles_the_wait),
        camera_test(one_frame_does_not_make_a_failing_camera_spin),
        camera_test(brief_loss_shows_no_placeholder_and_starts_the_wait_anew),
        camera_test(loss_that_lasts_becomes_stale_then_offline),
        camera_test(signs_of_life_keep_a_camera_live_until_they_last_too_long),
        camera_test(stall_becomes_stale_then_offline_then_live_again),
        camera_test(silent_camera_is_opened_again_with_words),
        camera_test(hanging_read_is_interrupted),
        camera_test(hanging_opening_is_interrupted),
        camera_test(hanging_driver_does_not_hold_up_the_end),
        camera_test(broken_frames_are_counted_and_never_published),
        camera_test(nothing_but_broken_frames_is_a_failure),
        camera_test(short_raw_pictures_are_broken_too),
        camera_test(missing_huffman_tables_are_put_in),
        camera_test(frames_that_the_device_lost_leave_a_gap),
        camera_test(raw_pictures_become_jpeg_in_order_and_none_is_lost_uncounted),
        camera_test(no_frame_of_a_closed_opening_follows),
        camera_test(placeholder_has_the_configured_size_and_decodes),
        camera_test(placeholder_has_the_captured_size_once_known),
        camera_test(slow_start_is_shown),
        camera_test(quick_start_shows_no_placeholder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
