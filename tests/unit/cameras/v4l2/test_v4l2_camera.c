/* A camera with the V4L2 driver: what its viewers see of a device that misbehaves. */
#include "broker/inbox.h"
#include "broker/subscriber.h"
#include "tests/unit/cameras/v4l2/fake_v4l2.h"

#include "cameras/supervisor/camera.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h> /* before jpeglib.h, which lacks it */

#include <jpeglib.h>

#define PATIENCE_NS (20 * NS_PER_S)

static struct broker *broker;
static struct watchdog *watchdog;
static struct camera *camera;
static struct topic *topic;
static struct inbox *inbox;
static struct subscriber *viewer;
static struct camera_settings settings;
static uint8_t jpeg[20000];
static size_t jpeg_bytes;

static int set_up(void **state) {
    (void)state;
    reset_device(V4L2_PIX_FMT_MJPEG, 64, 48);
    device->period_ns = 5 * NS_PER_MS;
    device->repeats_last = true;
    jpeg_bytes = make_jpeg(64, 48, jpeg, sizeof jpeg);
    set_payload(0, jpeg, jpeg_bytes);
    settings = (struct camera_settings){.topic = {.id = "1",
                                                  .name = "Camera",
                                                  .source = "v4l2",
                                                  .ring_frames = 4,
                                                  .idle_timeout_ns = 20 * NS_PER_MS,
                                                  .on_demand = true,
                                                  .stale_after_ns = NS_PER_S},
                                        .source = v4l2_settings()};
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 1}, &broker), ERR_OK);
    assert_int_equal(watchdog_create(&watchdog), ERR_OK);
    assert_int_equal(inbox_create(&inbox), ERR_OK);
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
    assert_int_equal(device->opened, device->closed);
    return 0;
}

static void watch(void) {
    const struct camera_shared shared = {.broker = broker, .watchdog = watchdog, .timing = &camera_default_timing};
    assert_int_equal(broker_create_topic(broker, &settings.topic, &topic), ERR_OK);
    assert_int_equal(camera_create(&shared, &v4l2_driver, &settings, topic, &camera), ERR_OK);
    struct camera *none = NULL;
    camera_begin(camera, &none);
    assert_int_equal(subscriber_create(topic, inbox, &(struct subscriber_settings){.remote = "", .route = ""}, &viewer),
                     ERR_OK);
}

static struct topic_snapshot snapshot_of_topic(void) {
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(topic, &snapshot), ERR_OK);
    topic_snapshot_finish(&snapshot);
    return snapshot;
}

/* Waits until the newest frame is live, or stands for that state. */
static void wait_for_state(enum camera_state state) {
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    struct pollfd news = {.fd = inbox_fd(inbox), .events = POLLIN};
    while (topic_state(topic) != state) {
        assert_true(clock_monotonic_ns() < deadline_ns);
        inbox_begin(inbox);
        while (inbox_next(inbox) != NULL) {
        }
        poll(&news, 1, 5); /* the state may change before its picture comes */
    }
}

static void wait_for_published(uint64_t count) {
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    struct frame *frame = NULL;
    while (snapshot_of_topic().published < count) {
        assert_int_equal(subscriber_wait(viewer, clock_monotonic_ns(), false, deadline_ns, &frame), ERR_OK);
        frame_unref(&frame);
    }
}

static void only_whole_pictures_are_published(void **state) {
    (void)state;
    static uint8_t changed[2 * sizeof jpeg];
    memcpy(changed, jpeg, jpeg_bytes);
    memset(changed + jpeg_bytes, 0, 999);
    set_payload(1, changed, jpeg_bytes + 999); /* padded: good */
    memset(changed + jpeg_bytes / 2, 0, jpeg_bytes);
    set_payload(2, changed, jpeg_bytes); /* its second half is missing: bad */
    memcpy(changed + jpeg_bytes / 2, jpeg, jpeg_bytes);
    set_payload(3, changed, jpeg_bytes / 2 + jpeg_bytes); /* half of one before a whole one: bad */
    PLAY({FRAME}, {FRAME, .payload = 1}, {FRAME, .payload = 2}, {FRAME, .payload = 3},
         {FRAME, .flags = V4L2_BUF_FLAG_ERROR}, {FRAME, .lost_before = 5});
    watch();
    wait_for_published(4);
    struct topic_snapshot snapshot = snapshot_of_topic();
    assert_int_equal(snapshot.invalid, 3);
    assert_true(snapshot.dropped >= 5);
    assert_int_equal(snapshot.last_bytes, jpeg_bytes);
    assert_string_equal(snapshot.format, "MJPEG");
}

static void picture_without_tables_gets_them(void **state) {
    (void)state;
    static uint8_t bare[sizeof jpeg];
    size_t count = strip_tables(jpeg, jpeg_bytes, bare);
    assert_true(count < jpeg_bytes);
    set_payload(0, bare, count);
    PLAY({FRAME});
    watch();
    wait_for_published(1);
    assert_int_equal(snapshot_of_topic().last_bytes, count + 420);
    assert_int_equal(snapshot_of_topic().invalid, 0);
}

/* A picture with a restart marker after each row of blocks, and before each of them the stray bytes that some of
 * Logitech's webcams leave. Returns its length; *stray_count: how many of them there are. */
static size_t make_stray_jpeg(uint8_t *out, size_t *stray_count) {
    struct jpeg_compress_struct compress;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    uint8_t row[3 * 64];
    JSAMPROW rows[] = {row};
    compress.err = jpeg_std_error(&errors);
    jpeg_create_compress(&compress);
    jpeg_mem_dest(&compress, &bytes, &count);
    compress.image_width = 64;
    compress.image_height = 48;
    compress.input_components = 3;
    compress.in_color_space = JCS_RGB;
    jpeg_set_defaults(&compress);
    compress.restart_in_rows = 1;
    jpeg_start_compress(&compress, TRUE);
    while (compress.next_scanline < compress.image_height) {
        for (size_t i = 0; i < sizeof row; i++) {
            row[i] = (uint8_t)(i * compress.next_scanline);
        }
        jpeg_write_scanlines(&compress, rows, 1);
    }
    jpeg_finish_compress(&compress);
    jpeg_destroy_compress(&compress);
    size_t length = 0;
    *stray_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == 0xff && i + 1 < count && bytes[i + 1] >= 0xd0 && bytes[i + 1] <= 0xd7) {
            memcpy(out + length, "\x12\x34\x56\x78", 4);
            length += 4;
            *stray_count += 4;
        }
        out[length++] = bytes[i];
    }
    free(bytes);
    return length;
}

static void stray_bytes_before_restart_markers_reject_no_picture(void **state) {
    (void)state;
    static uint8_t strays[sizeof jpeg], bare[sizeof jpeg];
    size_t stray_count;
    size_t count = make_stray_jpeg(strays, &stray_count);
    assert_int_equal(stray_count, 8); /* of three rows of blocks */
    set_payload(0, strays, count);
    set_payload(1, bare, strip_tables(strays, count, bare));
    PLAY({FRAME}, {FRAME, .payload = 1}, {FRAME}, {FRAME, .payload = 1}, {FRAME});
    watch();
    wait_for_published(5);
    assert_int_equal(snapshot_of_topic().invalid, 0);
    assert_int_equal(snapshot_of_topic().restarts, 0);
    assert_int_equal(snapshot_of_topic().last_bytes, count);
}

static void raw_pictures_become_jpeg_turned_as_asked(void **state) {
    (void)state;
    device->formats[0].fourcc = V4L2_PIX_FMT_YUYV;
    set_payload(0, device_file, (size_t)64 * 48 * 2);
    settings.filter = settings.source.filter =
        (struct picture_filter_settings){.turn_degrees = 270, .caption.is_shown = true};
    PLAY({FRAME});
    watch();
    wait_for_published(1);
    struct frame *frame = topic_newest(topic);
    assert_int_equal(frame_info(frame)->format, FRAME_JPEG);
    assert_int_equal(frame_info(frame)->width_px, 48);
    assert_int_equal(frame_info(frame)->height_px, 64);
    frame_unref(&frame);
    assert_int_equal(snapshot_of_topic().width_px, 48);
}

static void jpeg_of_the_camera_is_turned_as_asked(void **state) {
    (void)state;
    settings.filter = (struct picture_filter_settings){.turn_degrees = 90};
    PLAY({FRAME});
    watch();
    wait_for_published(1);
    struct frame *frame = topic_newest(topic);
    assert_int_equal(frame_info(frame)->width_px, 48);
    assert_int_equal(frame_info(frame)->height_px, 64);
    frame_unref(&frame);
    assert_string_equal(snapshot_of_topic().format, "MJPEG");
    assert_int_equal(snapshot_of_topic().width_px, 48);
}

static void unplugged_camera_is_offline_at_once_and_live_within_a_second_of_its_return(void **state) {
    (void)state;
    PLAY({FRAME});
    watch();
    wait_for_published(2);
    int64_t unplugged_ns = clock_monotonic_ns();
    unplug();
    wait_for_state(STATE_OFFLINE);
    assert_true(clock_monotonic_ns() - unplugged_ns < 200 * NS_PER_MS);
    struct reason error;
    topic_state_detail(topic, NULL, &error);
    assert_non_null(strstr(error.text, "plug "));
    /* Until the waits are long, so that it is the return that ends one. */
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (snapshot_of_topic().restarts < 4) {
        assert_true(clock_monotonic_ns() < deadline_ns);
        poll(NULL, 0, 5);
    }
    int64_t returned_ns = clock_monotonic_ns();
    plug_in();
    wait_for_state(STATE_LIVE);
    assert_true(clock_monotonic_ns() - returned_ns < NS_PER_S);
}

static void controls_are_set_at_each_opening_and_live(void **state) {
    (void)state;
    static const struct control_request requests[] = {{.name = "brightness", .value = 42}};
    own_settings.controls = requests;
    own_settings.control_count = 1;
    device->controls[0] = (struct fake_control){
        .id = V4L2_CID_BRIGHTNESS, .type = V4L2_CTRL_TYPE_INTEGER, .name = "Brightness", .max = 255};
    PLAY({FRAME}, {FRAME}, {.error = ENODEV}, {FRAME});
    watch();
    wait_for_published(4); /* of two openings */
    assert_int_equal(device->set_count, 2);
    assert_int_equal(device->controls[0].value, 42);
    struct reason reason = {""};
    struct control_request request = {.name = "brightness", .value = 7};
    assert_int_equal(control_port_set(topic_controls(topic), &request, &reason), ERR_OK);
    struct control_list list = {0};
    assert_int_equal(control_port_list(topic_controls(topic), &list, &reason), ERR_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.controls[0].value, 7);
    control_list_finish(&list);
    subscriber_destroy(&viewer);
    wait_for_state(STATE_IDLE);
    assert_int_equal(control_port_set(topic_controls(topic), &request, &reason), ERR_CLOSED);
}

static void nobody_watching_means_closed(void **state) {
    (void)state;
    PLAY({FRAME});
    watch();
    wait_for_published(1);
    assert_int_equal(device->opened - device->closed, 1);
    subscriber_destroy(&viewer);
    wait_for_state(STATE_IDLE);
    assert_int_equal(device->opened, device->closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(only_whole_pictures_are_published),
        TEST(picture_without_tables_gets_them),
        TEST(stray_bytes_before_restart_markers_reject_no_picture),
        TEST(raw_pictures_become_jpeg_turned_as_asked),
        TEST(jpeg_of_the_camera_is_turned_as_asked),
        TEST(unplugged_camera_is_offline_at_once_and_live_within_a_second_of_its_return),
        TEST(controls_are_set_at_each_opening_and_live),
        TEST(nobody_watching_means_closed),
    };
    return cmocka_run_group_tests(tests, make_device, remove_device);
}
