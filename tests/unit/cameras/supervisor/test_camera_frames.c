#include "cameras/supervisor/camera.h"

#include "cameras/picture/jpeg.h"
#include "cameras/picture/jpeg_decode.h"
#include "tests/unit/cameras/supervisor/camera_fixture.h"

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

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        camera_test(broken_frames_are_counted_and_never_published),
        camera_test(nothing_but_broken_frames_is_a_failure),
        camera_test(short_raw_pictures_are_broken_too),
        camera_test(missing_huffman_tables_are_put_in),
        camera_test(frames_that_the_device_lost_leave_a_gap),
        camera_test(raw_pictures_become_jpeg_in_order_and_none_is_lost_uncounted),
        camera_test(no_frame_of_a_closed_opening_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
