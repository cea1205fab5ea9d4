#include "cameras/supervisor/faults.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#define PAYLOAD_BYTES 100

static struct frame_pool *pool;
static struct event cancel;
static unsigned opened, closed;

/* A device that always has a frame at once. */
static enum err ready_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                           struct reason *reason) {
    (void)context;
    (void)deadline_ns;
    (void)reason;
    opened++;
    *state = &opened;
    return ERR_OK;
}

static enum err ready_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                           struct reason *reason) {
    (void)deadline_ns;
    (void)sequence;
    (void)reason;
    assert_ptr_equal(state, &opened);
    *lost += 2;
    enum err error = frame_create(pool, PAYLOAD_BYTES, frame);
    if (error == ERR_OK) {
        frame_set_size(*frame, PAYLOAD_BYTES);
    }
    return error;
}

/* A device that never has one. */
static enum err silent_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                            struct reason *reason) {
    (void)state;
    (void)sequence;
    (void)frame;
    (void)lost;
    (void)reason;
    return event_wait_until(&cancel, deadline_ns) ? ERR_INTERRUPTED : ERR_TIMEOUT;
}

static void ready_describe(void *state, struct driver_description *description) {
    assert_ptr_equal(state, &opened);
    *description = (struct driver_description){640, 480, "MJPEG"};
}

static void ready_close(void *state) {
    assert_ptr_equal(state, &opened);
    closed++;
}

static const struct driver_ops ready_driver = {
    .open = ready_open, .read = ready_read, .describe = ready_describe, .close = ready_close};
static const struct driver_ops silent_driver = {
    .open = ready_open, .read = silent_read, .describe = ready_describe, .close = ready_close};

/* One camera with one fault. */
struct camera {
    struct source_settings settings;
    struct driver_context context;
    struct fault_script *script;
    void *device;
    struct reason reason;
    uint64_t lost;
};

static void camera_start(struct camera *camera, const struct driver_ops *driver, const struct fault_settings *fault) {
    opened = closed = 0;
    event_clear(&cancel);
    *camera = (struct camera){.settings = {.faults = fault, .fault_count = 1}};
    camera->context = (struct driver_context){.id = "x", .name = "X", .pool = pool, .cancel = &cancel};
    camera->context.settings = &camera->settings;
    assert_int_equal(fault_script_create(driver, &camera->settings, &camera->script), ERR_OK);
    camera->context.script = camera->script;
}

static enum err camera_open(struct camera *camera, int64_t deadline_ns) {
    return faults_driver.open(&camera->context, deadline_ns, &camera->device, &camera->reason);
}

/* The size of the next frame in *bytes. */
static enum err camera_read(struct camera *camera, int64_t deadline_ns, size_t *bytes) {
    struct frame *frame = NULL;
    camera->lost = 0;
    enum err error = faults_driver.read(camera->device, deadline_ns, 1, &frame, &camera->lost, &camera->reason);
    if (error == ERR_OK) {
        *bytes = frame_payload(frame).count;
        frame_unref(&frame);
    }
    return error;
}

static void read_whole(struct camera *camera) {
    size_t bytes = 0;
    assert_int_equal(camera_read(camera, CLOCK_NEVER, &bytes), ERR_OK);
    assert_int_equal(bytes, PAYLOAD_BYTES);
}

static void camera_stop(struct camera *camera) {
    faults_driver.close(camera->device);
    fault_script_destroy(&camera->script);
    assert_null(camera->script);
}

static void undisturbed_driver_is_passed_through(void **state) {
    (void)state;
    struct fault_settings never = {.kind = FAULT_VANISH, .at_frame = 1000, .for_ns = INT64_MAX};
    struct camera camera;
    camera_start(&camera, &ready_driver, &never);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    read_whole(&camera);
    assert_int_equal(camera.lost, 2);
    struct driver_description description;
    faults_driver.describe(camera.device, &description);
    assert_int_equal(description.width_px, 640);
    assert_string_equal(description.format, "MJPEG");
    camera_stop(&camera);
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 1);
}

static void freeze_lasts_until_it_is_over(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_FREEZE, .at_frame = 3, .for_ns = 30 * NS_PER_MS};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    read_whole(&camera);
    read_whole(&camera);
    int64_t before_ns = clock_monotonic_ns();
    read_whole(&camera);
    assert_true(clock_monotonic_ns() - before_ns >= 30 * NS_PER_MS);
    read_whole(&camera);
    camera_stop(&camera);
}

static void frozen_read_ends_at_its_deadline(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_FREEZE, .at_frame = 1, .for_ns = INT64_MAX};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    size_t bytes;
    int64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    assert_int_equal(camera_read(&camera, deadline_ns, &bytes), ERR_TIMEOUT);
    assert_true(clock_monotonic_ns() >= deadline_ns);
    camera_stop(&camera);
}

static void frozen_read_ends_when_cancelled(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_FREEZE, .at_frame = 1, .for_ns = INT64_MAX};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    event_set(&cancel);
    size_t bytes;
    assert_int_equal(camera_read(&camera, CLOCK_NEVER, &bytes), ERR_INTERRUPTED);
    camera_stop(&camera);
}

static void vanished_device_fails_to_read_and_to_open_until_it_is_back(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_VANISH, .at_frame = 2, .for_ns = 50 * NS_PER_MS};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    read_whole(&camera);
    size_t bytes;
    int64_t before_ns = clock_monotonic_ns();
    assert_int_equal(camera_read(&camera, CLOCK_NEVER, &bytes), ERR_GONE);
    assert_string_equal(camera.reason.text, "the device has vanished");
    faults_driver.close(camera.device);
    enum err error = ERR_GONE;
    while (error == ERR_GONE) {
        error = camera_open(&camera, CLOCK_NEVER);
    }
    assert_int_equal(error, ERR_OK);
    assert_true(clock_monotonic_ns() - before_ns >= 50 * NS_PER_MS);
    read_whole(&camera);
    camera_stop(&camera);
}

static void fault_at_a_time_interrupts_a_wait_for_a_frame(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_VANISH, .at_ns = 300 * NS_PER_MS, .for_ns = INT64_MAX};
    struct camera camera;
    int64_t before_ns = clock_monotonic_ns();
    camera_start(&camera, &silent_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    size_t bytes;
    assert_int_equal(camera_read(&camera, before_ns + 60 * NS_PER_S, &bytes), ERR_GONE);
    assert_in_range(clock_monotonic_ns() - before_ns, 300 * NS_PER_MS, 50 * NS_PER_S);
    camera_stop(&camera);
}

static void truncated_cuts_one_frame_in_half(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_TRUNCATED, .at_frame = 2};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    read_whole(&camera);
    size_t bytes = 0;
    assert_int_equal(camera_read(&camera, CLOCK_NEVER, &bytes), ERR_OK);
    assert_int_equal(bytes, PAYLOAD_BYTES / 2);
    read_whole(&camera);
    camera_stop(&camera);
}

static void frames_are_counted_over_all_openings(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_TRUNCATED, .at_frame = 3};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    read_whole(&camera);
    read_whole(&camera);
    faults_driver.close(camera.device);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    size_t bytes = 0;
    assert_int_equal(camera_read(&camera, CLOCK_NEVER, &bytes), ERR_OK);
    assert_int_equal(bytes, PAYLOAD_BYTES / 2);
    camera_stop(&camera);
}

static void refused_opening_succeeds_the_second_time(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_FAIL_OPEN};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_IO);
    assert_string_equal(camera.reason.text, "the device refuses to be opened");
    assert_int_equal(opened, 0);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    camera_stop(&camera);
}

static void slow_opening_gives_up_at_its_deadline_and_is_done_in_the_end(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_SLOW_OPEN, .for_ns = 60 * NS_PER_MS};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    int64_t before_ns = clock_monotonic_ns();
    assert_int_equal(camera_open(&camera, before_ns), ERR_TIMEOUT);
    assert_string_equal(camera.reason.text, "the device takes too long to open");
    assert_int_equal(opened, 0);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_OK);
    assert_true(clock_monotonic_ns() - before_ns >= 60 * NS_PER_MS);
    camera_stop(&camera);
}

static void slow_opening_ends_when_cancelled(void **state) {
    (void)state;
    struct fault_settings fault = {.kind = FAULT_SLOW_OPEN, .for_ns = INT64_MAX};
    struct camera camera;
    camera_start(&camera, &ready_driver, &fault);
    event_set(&cancel);
    assert_int_equal(camera_open(&camera, CLOCK_NEVER), ERR_INTERRUPTED);
    fault_script_destroy(&camera.script);
}

static int create_all(void **state) {
    (void)state;
    return frame_pool_create(&pool) != ERR_OK || event_init(&cancel) != ERR_OK;
}

static int destroy_all(void **state) {
    (void)state;
    event_finish(&cancel);
    frame_pool_destroy(&pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undisturbed_driver_is_passed_through),
        cmocka_unit_test(freeze_lasts_until_it_is_over),
        cmocka_unit_test(frozen_read_ends_at_its_deadline),
        cmocka_unit_test(frozen_read_ends_when_cancelled),
        cmocka_unit_test(vanished_device_fails_to_read_and_to_open_until_it_is_back),
        cmocka_unit_test(fault_at_a_time_interrupts_a_wait_for_a_frame),
        cmocka_unit_test(truncated_cuts_one_frame_in_half),
        cmocka_unit_test(frames_are_counted_over_all_openings),
        cmocka_unit_test(refused_opening_succeeds_the_second_time),
        cmocka_unit_test(slow_opening_gives_up_at_its_deadline_and_is_done_in_the_end),
        cmocka_unit_test(slow_opening_ends_when_cancelled),
    };
    return cmocka_run_group_tests(tests, create_all, destroy_all);
}
