#include "cameras/supervisor/camera.h"

#include "tests/unit/cameras/supervisor/camera_fixture.h"

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

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
