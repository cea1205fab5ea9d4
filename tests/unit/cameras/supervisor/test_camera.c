#include "cameras/supervisor/camera.h"

#include "cameras/picture/jpeg_decode.h"
#include "tests/unit/cameras/supervisor/camera_fixture.h"

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
        camera_test(placeholder_has_the_configured_size_and_decodes),
        camera_test(placeholder_has_the_captured_size_once_known),
        camera_test(slow_start_is_shown),
        camera_test(quick_start_shows_no_placeholder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
