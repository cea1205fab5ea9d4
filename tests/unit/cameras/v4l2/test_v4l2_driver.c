/* The V4L2 driver by itself, on a device that misbehaves. */
#include "tests/unit/cameras/v4l2/fake_v4l2.h"

#include <errno.h>

#define CYCLES 1000

static struct frame_pool *pool;
static struct event cancel;
static struct source_settings settings;
static struct driver_context context;
static void *opened; /* the driver's state; NULL: closed */
static uint8_t jpeg[20000];
static size_t jpeg_bytes;

static int set_up(void **state) {
    (void)state;
    reset_device(V4L2_PIX_FMT_MJPEG, 64, 48);
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(event_init(&cancel), ERR_OK);
    settings = v4l2_settings();
    context =
        (struct driver_context){.id = "1", .name = "Camera", .settings = &settings, .pool = pool, .cancel = &cancel};
    jpeg_bytes = make_jpeg(64, 48, jpeg, sizeof jpeg);
    set_payload(0, jpeg, jpeg_bytes);
    return 0;
}

static void close_device(void) {
    v4l2_driver.close(opened);
    opened = NULL;
}

static int tear_down(void **state) {
    (void)state;
    if (opened != NULL) {
        close_device();
    }
    assert_int_equal(device->opened, device->closed);
    event_finish(&cancel);
    frame_pool_destroy(&pool);
    return 0;
}

static enum err open_with(struct reason *reason) {
    return v4l2_driver.open(&context, clock_monotonic_ns() + NS_PER_S, &opened, reason);
}

static void open_device(void) {
    struct reason reason = {""};
    if (open_with(&reason) != ERR_OK) {
        fail_msg("%s", reason.text);
    }
}

static void assert_refused(enum err expected, const char *words) {
    struct reason reason = {""};
    assert_int_equal(open_with(&reason), expected);
    if (strstr(reason.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", reason.text, words);
    }
}

static enum err read_for(int64_t wait_ns, struct frame **frame, uint64_t *lost, struct reason *reason) {
    *frame = NULL;
    *lost = 0;
    return v4l2_driver.read(opened, clock_monotonic_ns() + wait_ns, 1, frame, lost, reason);
}

static struct frame *read_good(uint64_t expected_lost) {
    struct frame *frame;
    uint64_t lost;
    struct reason reason = {""};
    enum err error = read_for(10 * NS_PER_S, &frame, &lost, &reason);
    if (error != ERR_OK) {
        fail_msg("%s: %s", err_text(error), reason.text);
    }
    assert_int_equal(lost, expected_lost);
    return frame;
}

static int64_t read_time(uint64_t expected_lost) {
    struct frame *frame = read_good(expected_lost);
    int64_t captured_ns = frame_info(frame)->captured_monotonic_ns;
    frame_unref(&frame);
    return captured_ns;
}

static void assert_bad(enum err expected, const char *words) {
    struct frame *frame;
    uint64_t lost;
    struct reason reason = {""};
    assert_int_equal(read_for(10 * NS_PER_S, &frame, &lost, &reason), expected);
    assert_null(frame);
    if (strstr(reason.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", reason.text, words);
    }
}

/* ---- Frames ---- */

static void mjpeg_is_passed_on_as_it_came(void **state) {
    (void)state;
    PLAY({FRAME});
    open_device();
    int64_t before_ns = clock_monotonic_ns() - NS_PER_US, real_before_ns = clock_realtime_ns() - NS_PER_MS;
    struct frame *frame = read_good(0);
    assert_int_equal(frame_payload(frame).count, jpeg_bytes);
    assert_memory_equal(frame_payload(frame).bytes, jpeg, jpeg_bytes);
    assert_int_equal(frame_info(frame)->format, FRAME_JPEG);
    assert_in_range(frame_info(frame)->captured_monotonic_ns, before_ns, clock_monotonic_ns());
    assert_in_range(frame_info(frame)->captured_realtime_ns, real_before_ns, clock_realtime_ns());
    frame_unref(&frame);
    assert_int_equal(device->queued, FAKE_BUFFERS);
    struct driver_description description;
    v4l2_driver.describe(opened, &description);
    assert_int_equal(description.width_px, 64);
    assert_int_equal(description.height_px, 48);
    assert_string_equal(description.format, "MJPEG");
}

static void bad_buffers_are_refused_and_given_back(void **state) {
    (void)state;
    PLAY({FRAME, .flags = V4L2_BUF_FLAG_ERROR}, {FRAME, .is_empty = true}, {FRAME, .bytes = FAKE_BUFFER_BYTES + 1},
         {FRAME});
    open_device();
    assert_bad(ERR_INVALID, "the camera says that it is broken");
    assert_bad(ERR_INVALID, "it is empty");
    assert_bad(ERR_INVALID, "it is larger than its buffer");
    assert_int_equal(device->queued, FAKE_BUFFERS);
    struct frame *frame = read_good(0);
    frame_unref(&frame);
}

static void short_raw_picture_is_refused(void **state) {
    (void)state;
    device->formats[0].fourcc = V4L2_PIX_FMT_GREY;
    set_payload(0, jpeg, 100);
    set_payload(1, device_file, (size_t)64 * 48);
    PLAY({FRAME}, {FRAME, .payload = 1});
    open_device();
    assert_bad(ERR_INVALID, "it is too short");
    struct frame *frame = read_good(0);
    assert_int_equal(frame_payload(frame).count, 64 * 48);
    assert_int_equal(frame_info(frame)->format, FRAME_GREY);
    frame_unref(&frame);
}

static void gaps_of_the_sequence_are_lost_frames(void **state) {
    (void)state;
    device->first_sequence = UINT32_MAX - 1;
    PLAY({FRAME, .lost_before = 1}, {FRAME}, {FRAME, .lost_before = 3},
         {FRAME, .lost_before = 1, .flags = V4L2_BUF_FLAG_ERROR}, {FRAME});
    open_device();
    read_time(0); /* before the first, nothing was lost */
    read_time(0); /* the sequence wraps here */
    read_time(3);
    struct frame *frame;
    uint64_t lost;
    struct reason reason;
    assert_int_equal(read_for(NS_PER_S, &frame, &lost, &reason), ERR_INVALID);
    assert_int_equal(lost, 1);
    read_time(0);
}

static void time_that_is_not_ours_is_replaced(void **state) {
    (void)state;
    PLAY({.timestamp_ns = 0}, {.timestamp_ns = INT64_MAX / 2}, {.timestamp_ns = 1000}, {FRAME});
    open_device();
    int64_t last_ns = clock_monotonic_ns() - 1;
    for (int i = 0; i < 4; i++) {
        int64_t captured_ns = read_time(0);
        assert_true(captured_ns + NS_PER_US > last_ns); /* the device's has microseconds */
        assert_true(captured_ns <= clock_monotonic_ns());
        last_ns = captured_ns;
    }
}

static void time_of_an_unknown_clock_is_replaced(void **state) {
    (void)state;
    device->clock_is_unknown = true;
    static struct fake_step step;
    step = (struct fake_step){.timestamp_ns = clock_monotonic_ns() - NS_PER_S / 2};
    device->steps = &step;
    device->step_count = 1;
    open_device();
    int64_t opened_ns = clock_monotonic_ns();
    assert_true(read_time(0) >= opened_ns);
}

static void frames_that_waited_too_long_give_way_to_the_newest(void **state) {
    (void)state;
    static struct fake_step steps[4];
    int64_t now_ns = clock_monotonic_ns();
    for (int i = 0; i < 4; i++) {
        steps[i].timestamp_ns = now_ns - (4 - i) * 300 * NS_PER_MS;
    }
    steps[3].timestamp_ns = FAKE_NOW;
    device->steps = steps;
    device->step_count = 4;
    open_device();
    assert_true(read_time(0) >= now_ns - NS_PER_US);
    assert_int_equal(device->queued, FAKE_BUFFERS);
}

static void faster_device_is_thinned_out(void **state) {
    (void)state;
    static struct fake_step steps[40];
    device->given_fps = 1000;
    settings.fps = 100;
    open_device(); /* first, since frames grow old meanwhile */
    int64_t start_ns = clock_monotonic_ns() - 41 * 1000 * NS_PER_US;
    for (int i = 0; i < 40; i++) {
        steps[i].timestamp_ns = start_ns + i * 1000 * NS_PER_US;
    }
    device->steps = steps;
    device->step_count = 40;
    int64_t last_ns = read_time(0);
    for (int i = 0; i < 3; i++) {
        int64_t captured_ns = read_time(0); /* what is left out is not lost */
        assert_in_range(captured_ns - last_ns, 9 * NS_PER_MS, 11 * NS_PER_MS);
        last_ns = captured_ns;
    }
}

/* ---- Waiting ---- */

static void silence_ends_at_the_deadline(void **state) {
    (void)state;
    open_device();
    struct frame *frame;
    uint64_t lost;
    int64_t before_ns = clock_monotonic_ns();
    assert_int_equal(read_for(20 * NS_PER_MS, &frame, &lost, NULL), ERR_TIMEOUT);
    assert_true(clock_monotonic_ns() - before_ns >= 20 * NS_PER_MS);
}

static void cancelling_ends_the_wait(void **state) {
    (void)state;
    open_device();
    event_set(&cancel);
    struct frame *frame;
    uint64_t lost;
    assert_int_equal(read_for(100 * NS_PER_S, &frame, &lost, NULL), ERR_INTERRUPTED);
}

/* ---- Failing ---- */

static void unplugging_is_told(void **state) {
    (void)state;
    PLAY({FRAME}, {.error = ENODEV});
    open_device();
    read_time(0);
    assert_bad(ERR_GONE, "unplugged: plug it in again");
    close_device();
    unplug();
    assert_refused(ERR_NOT_FOUND, "no such device: ");
    plug_in();
    device->next_step = 0;
    open_device();
    read_time(0);
}

static void error_of_the_stream_is_told(void **state) {
    (void)state;
    PLAY({.error = EIO});
    open_device();
    assert_bad(ERR_IO, "opening it again");
}

static void a_thousand_unpluggings_leak_nothing(void **state) {
    (void)state;
    PLAY({FRAME});
    open_device(); /* what libraries keep open for good */
    const size_t opened_bytes = count_mapped_bytes();
    close_device();
    const size_t descriptors = count_entries("/proc/self/fd"), mapped_bytes = count_mapped_bytes();
    assert_true(opened_bytes >= mapped_bytes + FAKE_BUFFERS * FAKE_BUFFER_BYTES);
    for (int i = 0; i < CYCLES; i++) {
        device->next_step = 0;
        open_device();
        read_time(0);
        assert_int_equal(count_mapped_bytes(), opened_bytes);
        device->gone = true;
        assert_bad(ERR_GONE, "unplugged");
        close_device();
        revive();
    }
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    assert_int_equal(count_mapped_bytes(), mapped_bytes);
}

static void failed_openings_leak_nothing(void **state) {
    (void)state;
    device->start_error = EIO;
    const size_t descriptors = count_entries("/proc/self/fd"), mapped_bytes = count_mapped_bytes();
    for (int i = 0; i < 10; i++) {
        assert_refused(ERR_IO, "refuses to start");
    }
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    assert_int_equal(count_mapped_bytes(), mapped_bytes);
}

static void what_is_no_camera_is_refused_in_words(void **state) {
    (void)state;
    own_settings.path = "/dev/null";
    assert_refused(ERR_UNSUPPORTED, "/dev/null is not a camera; --list-devices shows the cameras");
    own_settings.path = "/dev/no-such-camera";
    assert_refused(ERR_NOT_FOUND, "plug the camera in, or see --list-devices");
    own_settings.path = device_path;
    device->device_caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
    assert_refused(ERR_UNSUPPORTED, "does not capture video");
}

static void camera_in_use_is_told(void **state) {
    (void)state;
    device->start_error = EBUSY;
    assert_refused(ERR_BUSY, "in use");
}

/* ---- Agreeing ---- */

static void returned_size_and_stride_are_adopted(void **state) {
    (void)state;
    device->formats[0].fourcc = V4L2_PIX_FMT_YUYV;
    device->given_width = 100;
    device->given_height = 50;
    device->given_stride = 256;
    set_payload(0, device_file, (size_t)256 * 50 + 77); /* with padding */
    PLAY({FRAME});
    open_device();
    struct frame *frame = read_good(0);
    const struct frame_info *info = frame_info(frame);
    assert_int_equal(info->format, FRAME_YUYV);
    assert_int_equal(info->width_px, 100);
    assert_int_equal(info->height_px, 50);
    assert_int_equal(info->stride_px, 128);
    assert_int_equal(frame_payload(frame).count, 256 * 50);
    frame_unref(&frame);
}

static void too_little_bandwidth_means_fewer_frames(void **state) {
    (void)state;
    PLAY({FRAME});
    device->bandwidth = (uint64_t)64 * 48 * 15;
    open_device();
    assert_int_equal(device->fps, 15);
    assert_int_equal(device->width, 64);
    read_time(0);
}

static void still_less_bandwidth_means_a_smaller_picture(void **state) {
    (void)state;
    device->given_fps = 30;
    device->bandwidth = (uint64_t)32 * 24 * 30;
    open_device();
    assert_int_equal(device->width, 32);
}

static void no_bandwidth_at_all_is_told(void **state) {
    (void)state;
    device->start_error = ENOSPC;
    assert_refused(ERR_BUSY, "not enough USB bandwidth for 64x48");
}

static void auto_prefers_mjpeg(void **state) {
    (void)state;
    device->formats[0] = (struct fake_format){V4L2_PIX_FMT_YUYV, 64, 48, 30};
    device->formats[1] = (struct fake_format){V4L2_PIX_FMT_MJPEG, 64, 48, 30};
    open_device();
    assert_int_equal(device->fourcc, V4L2_PIX_FMT_MJPEG);
}

static void auto_takes_what_has_the_size_and_the_rate(void **state) {
    (void)state;
    device->formats[0] = (struct fake_format){V4L2_PIX_FMT_MJPEG, 640, 480, 30};
    device->formats[1] = (struct fake_format){V4L2_PIX_FMT_YUV420, 64, 48, 5};
    device->formats[2] = (struct fake_format){V4L2_PIX_FMT_UYVY, 64, 48, 30};
    open_device();
    assert_int_equal(device->fourcc, V4L2_PIX_FMT_UYVY);
}

static void format_that_was_asked_for_is_taken(void **state) {
    (void)state;
    device->formats[1] = (struct fake_format){V4L2_PIX_FMT_YUYV, 640, 480, 5};
    own_settings.format = "YUYV";
    open_device();
    assert_int_equal(device->fourcc, V4L2_PIX_FMT_YUYV);
    close_device();
    own_settings.format = "NV12";
    assert_refused(ERR_UNSUPPORTED, "the camera does not offer NV12");
}

static void pictures_that_are_turned_need_a_raw_format(void **state) {
    (void)state;
    settings.filter.turn_degrees = 90;
    assert_refused(ERR_UNSUPPORTED, "move rotate, flip and timestamp");
    device->formats[1] = (struct fake_format){V4L2_PIX_FMT_YUYV, 64, 48, 0};
    open_device();
    assert_int_equal(device->fourcc, V4L2_PIX_FMT_YUYV);
    struct driver_description description;
    v4l2_driver.describe(opened, &description);
    assert_int_equal(description.width_px, 64);
    assert_int_equal(description.height_px, 48);
}

static void range_is_as_the_driver_says_unless_told_otherwise(void **state) {
    (void)state;
    static const struct {
        uint32_t quantization;
        enum sample_range wanted;
        bool limited;
    } cases[] = {{V4L2_QUANTIZATION_DEFAULT, RANGE_AUTO, true},
                 {V4L2_QUANTIZATION_FULL_RANGE, RANGE_AUTO, false},
                 {V4L2_QUANTIZATION_LIM_RANGE, RANGE_AUTO, true},
                 {V4L2_QUANTIZATION_LIM_RANGE, RANGE_FULL, false},
                 {V4L2_QUANTIZATION_FULL_RANGE, RANGE_LIMITED, true}};
    device->formats[0].fourcc = V4L2_PIX_FMT_YUYV;
    set_payload(0, device_file, (size_t)64 * 48 * 2);
    PLAY({FRAME});
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        device->quantization = cases[i].quantization;
        device->next_step = 0;
        own_settings.range = cases[i].wanted;
        open_device();
        struct frame *frame = read_good(0);
        assert_int_equal(frame_info(frame)->limited_range, cases[i].limited);
        frame_unref(&frame);
        close_device();
    }
}

static void exotic_format_is_converted(void **state) {
    (void)state;
    static uint8_t rgb[64 * 48 * 3];
    memset(rgb, 255, sizeof rgb);
    device->formats[0].fourcc = V4L2_PIX_FMT_RGB24;
    set_payload(0, rgb, sizeof rgb);
    PLAY({FRAME});
    open_device();
    struct frame *frame = read_good(0);
    assert_int_equal(frame_info(frame)->format, FRAME_I420);
    assert_int_equal(frame_payload(frame).count, 64 * 48 * 3 / 2);
    assert_true(frame_info(frame)->limited_range);
    assert_in_range(frame_payload(frame).bytes[0], 234, 236);
    frame_unref(&frame);
}

static void signal_is_followed(void **state) {
    (void)state;
    device->signal_width = 320;
    device->signal_height = 180;
    open_device();
    assert_int_equal(device->timings_width, 320);
    assert_int_equal(device->width, 320);
    assert_int_equal(device->height, 180);
    close_device();
    device->signal_error = ENOLINK;
    assert_refused(ERR_NOT_FOUND, "no signal on the HDMI input");
    device->signal_error = ERANGE;
    assert_refused(ERR_UNSUPPORTED, "another resolution");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(mjpeg_is_passed_on_as_it_came),
        TEST(bad_buffers_are_refused_and_given_back),
        TEST(short_raw_picture_is_refused),
        TEST(gaps_of_the_sequence_are_lost_frames),
        TEST(time_that_is_not_ours_is_replaced),
        TEST(time_of_an_unknown_clock_is_replaced),
        TEST(frames_that_waited_too_long_give_way_to_the_newest),
        TEST(faster_device_is_thinned_out),
        TEST(silence_ends_at_the_deadline),
        TEST(cancelling_ends_the_wait),
        TEST(unplugging_is_told),
        TEST(error_of_the_stream_is_told),
        TEST(a_thousand_unpluggings_leak_nothing),
        TEST(failed_openings_leak_nothing),
        TEST(what_is_no_camera_is_refused_in_words),
        TEST(camera_in_use_is_told),
        TEST(returned_size_and_stride_are_adopted),
        TEST(too_little_bandwidth_means_fewer_frames),
        TEST(still_less_bandwidth_means_a_smaller_picture),
        TEST(no_bandwidth_at_all_is_told),
        TEST(auto_prefers_mjpeg),
        TEST(auto_takes_what_has_the_size_and_the_rate),
        TEST(format_that_was_asked_for_is_taken),
        TEST(pictures_that_are_turned_need_a_raw_format),
        TEST(range_is_as_the_driver_says_unless_told_otherwise),
        TEST(exotic_format_is_converted),
        TEST(signal_is_followed),
    };
    return cmocka_run_group_tests(tests, make_device, remove_device);
}
