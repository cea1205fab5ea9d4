#include "broker/base/clock.h"
#include "cameras/simple/emulated.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DEMO_DIR SOURCE_DIR "/config/demo/"

static struct frame_pool *pool;
static struct event cancel;
static char directory[] = "/tmp/test_emulated_XXXXXX";

struct camera {
    struct emulated_settings own;
    struct source_settings settings;
    struct driver_context context;
    void *device;
    struct reason reason;
};

static enum err camera_open(struct camera *camera, const char *const *files, size_t count, int64_t deadline_ns) {
    *camera = (struct camera){.own = {.files = files, .file_count = count}, .settings = {.fps = 240}};
    camera->settings.own = &camera->own;
    camera->context = (struct driver_context){.id = "x", .name = "X", .pool = pool, .cancel = &cancel};
    camera->context.settings = &camera->settings;
    return emulated_driver.open(&camera->context, deadline_ns, &camera->device, &camera->reason);
}

static struct frame *read_frame(struct camera *camera) {
    struct frame *frame;
    uint64_t lost = 0;
    assert_int_equal(emulated_driver.read(camera->device, CLOCK_NEVER, 1, &frame, &lost, &camera->reason), ERR_OK);
    return frame;
}

/* A path in the test's directory; the caller frees it. */
static char *path_of(const char *name) {
    size_t bytes = sizeof directory + strlen(name) + 1;
    char *path = malloc(bytes);
    assert_non_null(path);
    snprintf(path, bytes, "%s/%s", directory, name);
    return path;
}

static char *write_file(const char *name, const void *bytes, size_t count) {
    char *path = path_of(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* The caller frees it. */
static uint8_t *read_file(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *count = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*count);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *count, file), *count);
    fclose(file);
    return bytes;
}

/* Opening a camera of this one file fails and the reason has both words. */
static void assert_refused(char *path, enum err expected, const char *name, const char *sentence) {
    struct camera camera;
    assert_int_equal(camera_open(&camera, (const char *const[]){path}, 1, CLOCK_NEVER), expected);
    if (strstr(camera.reason.text, name) == NULL || strstr(camera.reason.text, sentence) == NULL) {
        fail_msg("the reason is: %s", camera.reason.text);
    }
    remove(path);
    free(path);
}

static void pictures_are_played_in_order_over_and_over(void **state) {
    (void)state;
    const char *const files[] = {DEMO_DIR "1.jpg", DEMO_DIR "2.jpg", DEMO_DIR "3.jpg"};
    struct camera camera;
    assert_int_equal(camera_open(&camera, files, 3, CLOCK_NEVER), ERR_OK);
    for (int i = 0; i < 7; i++) {
        size_t count;
        uint8_t *expected = read_file(files[i % 3], &count);
        int64_t before_ns = clock_monotonic_ns();
        struct frame *frame = read_frame(&camera);
        assert_int_equal(frame_payload(frame).count, count);
        assert_memory_equal(frame_payload(frame).bytes, expected, count);
        assert_int_equal(frame_info(frame)->format, FRAME_JPEG);
        assert_true(frame_info(frame)->width_px > 0);
        assert_true(frame_info(frame)->captured_monotonic_ns >= before_ns);
        frame_unref(&frame);
        free(expected);
    }
    emulated_driver.close(camera.device);
}

static void description_follows_the_picture(void **state) {
    (void)state;
    struct camera camera;
    assert_int_equal(camera_open(&camera, (const char *const[]){DEMO_DIR "1.jpg"}, 1, CLOCK_NEVER), ERR_OK);
    struct frame *frame = read_frame(&camera);
    struct driver_description description = {0};
    emulated_driver.describe(camera.device, &description);
    assert_int_equal(description.width_px, frame_info(frame)->width_px);
    assert_int_equal(description.height_px, frame_info(frame)->height_px);
    assert_string_equal(description.format, "MJPEG");
    frame_unref(&frame);
    emulated_driver.close(camera.device);
}

static void missing_file_is_named(void **state) {
    (void)state;
    assert_refused(path_of("none.jpg"), ERR_NOT_FOUND, "none.jpg\"", "no such file");
}

static void empty_file_is_named(void **state) {
    (void)state;
    assert_refused(write_file("empty.jpg", "", 0), ERR_INVALID, "empty.jpg\"", "is empty");
}

static void directory_is_not_a_file(void **state) {
    (void)state;
    char *path = path_of("directory.jpg");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(path, ERR_INVALID, "directory.jpg\"", "is not a file");
}

static void pipe_does_not_block(void **state) {
    (void)state;
    char *path = path_of("pipe.jpg");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(path, ERR_INVALID, "pipe.jpg\"", "is not a file");
}

static void huge_file_is_refused_unread(void **state) {
    (void)state;
    char *path = write_file("huge.jpg", "x", 1);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_refused(path, ERR_INVALID, "huge.jpg\"", "32 MB");
}

static void file_that_is_no_jpeg_is_refused(void **state) {
    (void)state;
    assert_refused(write_file("text.jpg", "hello", 5), ERR_INVALID, "text.jpg\"", "cannot be played: ");
}

static void truncated_file_is_refused(void **state) {
    (void)state;
    size_t count;
    uint8_t *bytes = read_file(DEMO_DIR "1.jpg", &count);
    char *path = write_file("half.jpg", bytes, count / 2);
    free(bytes);
    assert_refused(path, ERR_INVALID, "half.jpg\"", "ends in the middle");
}

static void end_of_a_long_path_is_shown(void **state) {
    (void)state;
    char name[200];
    memset(name, 'n', sizeof name);
    snprintf(name + 100, 100, "/end.jpg");
    assert_refused(path_of(name), ERR_NOT_FOUND, "end.jpg\"", "no such file");
}

static void bad_files_among_good_ones_are_left_out(void **state) {
    (void)state;
    char *empty = write_file("empty.jpg", "", 0);
    const char *const files[] = {empty, DEMO_DIR "2.jpg", "/none.jpg"};
    struct camera camera;
    assert_int_equal(camera_open(&camera, files, 3, CLOCK_NEVER), ERR_OK);
    size_t count;
    uint8_t *expected = read_file(files[1], &count);
    for (int i = 0; i < 3; i++) {
        struct frame *frame = read_frame(&camera);
        assert_int_equal(frame_payload(frame).count, count);
        assert_memory_equal(frame_payload(frame).bytes, expected, count);
        frame_unref(&frame);
    }
    emulated_driver.close(camera.device);
    remove(empty);
    free(empty);
    free(expected);
}

static void files_are_read_again_at_each_opening(void **state) {
    (void)state;
    char *path = write_file("later.jpg", "", 0);
    const char *const files[] = {path};
    struct camera camera;
    assert_int_equal(camera_open(&camera, files, 1, CLOCK_NEVER), ERR_INVALID);
    size_t count;
    uint8_t *bytes = read_file(DEMO_DIR "1.jpg", &count);
    free(write_file("later.jpg", bytes, count));
    assert_int_equal(camera_open(&camera, files, 1, CLOCK_NEVER), ERR_OK);
    emulated_driver.close(camera.device);
    free(bytes);
    remove(path);
    free(path);
}

static void opening_ends_at_its_deadline_or_when_cancelled(void **state) {
    (void)state;
    const char *const files[] = {DEMO_DIR "1.jpg"};
    struct camera camera;
    assert_int_equal(camera_open(&camera, files, 1, clock_monotonic_ns()), ERR_TIMEOUT);
    event_set(&cancel);
    assert_int_equal(camera_open(&camera, files, 1, CLOCK_NEVER), ERR_INTERRUPTED);
    event_clear(&cancel);
}

static int create_all(void **state) {
    (void)state;
    return mkdtemp(directory) == NULL || frame_pool_create(&pool) != ERR_OK || event_init(&cancel) != ERR_OK;
}

static int destroy_all(void **state) {
    (void)state;
    event_finish(&cancel);
    frame_pool_destroy(&pool);
    return rmdir(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_played_in_order_over_and_over),
        cmocka_unit_test(description_follows_the_picture),
        cmocka_unit_test(missing_file_is_named),
        cmocka_unit_test(empty_file_is_named),
        cmocka_unit_test(directory_is_not_a_file),
        cmocka_unit_test(pipe_does_not_block),
        cmocka_unit_test(huge_file_is_refused_unread),
        cmocka_unit_test(file_that_is_no_jpeg_is_refused),
        cmocka_unit_test(truncated_file_is_refused),
        cmocka_unit_test(end_of_a_long_path_is_shown),
        cmocka_unit_test(bad_files_among_good_ones_are_left_out),
        cmocka_unit_test(files_are_read_again_at_each_opening),
        cmocka_unit_test(opening_ends_at_its_deadline_or_when_cancelled),
    };
    return cmocka_run_group_tests(tests, create_all, destroy_all);
}
