/* Parts as an export sends them: the same bytes, whether they are sent as they stand in their files or not. */
#include "tests/unit/broker/recording/recorded_fixture.h"

#include "broker/base/sync.h"
#include "broker/recording/playback/export_boundary.h"
#include "broker/recording/playback/recording_export.h"

#include <sys/socket.h>

#define BODY_MAX_BYTES ((size_t)1 << 20)
#define FRAMES 4u /* of a segment */
#define INTERVAL_NS (100 * NS_PER_MS)

struct fixture {
    struct recorded recorded;
    struct exports *exports;
    unsigned segments;
};

static int set_up(void **state) {
    static struct fixture fixture;
    fixture.segments = 0;
    recorded_make(&fixture.recorded);
    assert_int_equal(exports_create(fixture.recorded.folder.path, fixture.recorded.folder.pool, &fixture.exports),
                     ERR_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    exports_destroy(&fixture->exports);
    recorded_remove(&fixture->recorded);
    return 0;
}

/* FRAMES more frames, in a file in which a text is replaced by another one of its length. */
static void add_segment(struct fixture *fixture, const char *text, const char *replacement) {
    const unsigned before = fixture->segments++ * FRAMES;
    char path[256];
    static char bytes[BODY_MAX_BYTES];
    recorded_add(&fixture->recorded, "door", before + 1, before * INTERVAL_NS, INTERVAL_NS, FRAMES, true);
    snprintf(path, sizeof path, "%s/door/%u.mjpeg", fixture->recorded.folder.path, fixture->recorded.segments);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    const ssize_t count = read(fd, bytes, sizeof bytes);
    assert_true(count > 0);
    size_t replaced = 0;
    char *end = bytes + count;
    const size_t length = strlen(text);
    for (char *at = bytes; (at = memmem(at, (size_t)(end - at), text, length)) != NULL; at += length, replaced++) {
        memcpy(at, replacement, length);
    }
    assert_true(replaced >= FRAMES);
    assert_int_equal(pwrite(fd, bytes, (size_t)count, 0), count);
    close(fd);
}

struct body {
    int fd;
    struct event ended;
};

static void end_body(void *user) {
    struct body *body = user;
    shutdown(body->fd, SHUT_RDWR);
    event_set(&body->ended);
}

/* All that an export of the camera sends. */
static size_t export_all(struct fixture *fixture, struct export_settings settings, uint8_t body[BODY_MAX_BYTES]) {
    static const char cameras[][TOPIC_ID_MAX_BYTES + 1] = {"door"};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct body end = {.fd = pair[0]};
    assert_int_equal(event_init(&end.ended), ERR_OK);
    settings.cameras = cameras;
    settings.camera_count = 1;
    settings.from_ns = NEW_YEAR_NS;
    settings.to_ns = INT64_MAX;
    settings.speed = 1;
    settings.fd = pair[0];
    settings.ended = end_body;
    settings.user = &end;
    assert_int_equal(exports_begin(fixture->exports, &settings), ERR_OK);
    size_t used = 0;
    ssize_t count;
    while ((count = recv(pair[1], body + used, BODY_MAX_BYTES - used, 0)) > 0) {
        used += (size_t)count;
    }
    assert_int_equal(count, 0);
    assert_true(event_wait_until(&end.ended, clock_monotonic_ns() + PATIENCE_NS));
    event_clear(&end.ended); /* reads, which orders this thread after end_body() for ThreadSanitizer, too */
    event_finish(&end.ended);
    close(pair[0]);
    close(pair[1]);
    return used;
}

/* The parts that a viewer of the frames gets. */
static size_t write_expected(struct fixture *fixture, const char *boundary, unsigned step, uint8_t *body) {
    size_t used = 0;
    for (uint64_t sequence = 1; sequence <= (uint64_t)fixture->segments * FRAMES; sequence += step) {
        struct frame *frame = recorded_frame_of(&fixture->recorded, "door", sequence, 0);
        struct frame_info info = {.sequence = sequence,
                                  .captured_realtime_ns = NEW_YEAR_NS + (int64_t)(sequence - 1) * INTERVAL_NS,
                                  .state = STATE_LIVE,
                                  .is_recorded = true};
        const struct span jpeg = frame_payload(frame);
        used += multipart_envelope()->write_head((char *)body + used, "door", &info, jpeg.count);
        memcpy(body + used, jpeg.bytes, jpeg.count);
        used += jpeg.count;
        used += (size_t)sprintf((char *)body + used, "\r\n--%s\r\n", boundary);
        frame_unref(&frame);
    }
    return used;
}

static void assert_exported(struct fixture *fixture, double fps, unsigned step) {
    static uint8_t body[BODY_MAX_BYTES], expected[BODY_MAX_BYTES];
    struct export_settings settings = {.format = EXPORT_PARTS, .fps = fps};
    export_boundary_find(fixture->recorded.folder.path, "door", NEW_YEAR_NS, settings.boundary);
    const size_t expected_bytes = write_expected(fixture, settings.boundary, step, expected);
    assert_int_equal(export_all(fixture, settings, body), expected_bytes);
    assert_memory_equal(body, expected, expected_bytes);
}

static void parts_are_alike_however_they_were_recorded(void **state) {
    struct fixture *fixture = *state;
    add_segment(fixture, "X-Recorded", "X-Recorded");
    add_segment(fixture, "X-Recorded", "X-Unheard-"); /* as by a version that did not mark them */
    add_segment(fixture, multipart_boundary(), "framebroker-of-another-run-of-the-program--x");
    add_segment(fixture, "X-Camera-Id: door", "X-Camera-Id: gate"); /* of a camera that was renamed */
    add_segment(fixture, "X-Recorded", "X-Recorded");
    assert_exported(*state, 0, 1);
}

static void thinned_parts_are_alike_too(void **state) {
    struct fixture *fixture = *state;
    add_segment(fixture, "X-Recorded", "X-Recorded");
    add_segment(fixture, "X-Recorded", "X-Unheard-");
    add_segment(fixture, "X-Recorded", "X-Recorded");
    assert_exported(*state, 5, 2);
    assert_exported(*state, 1.0 / 0.8, 8); /* whole segments are passed over */
}

static void the_boundary_is_that_of_the_first_file(void **state) {
    struct fixture *fixture = *state;
    char boundary[MULTIPART_BOUNDARY_MAX_BYTES + 1];
    add_segment(fixture, multipart_boundary(), "framebroker-of-another-run-of-the-program--x");
    add_segment(fixture, "X-Recorded", "X-Recorded");
    export_boundary_find(fixture->recorded.folder.path, "door", NEW_YEAR_NS, boundary);
    assert_string_equal(boundary, "framebroker-of-another-run-of-the-program--x");
    assert_exported(*state, 0, 1);
}

static void a_boundary_that_no_header_may_name_is_not_used(void **state) {
    struct fixture *fixture = *state;
    char boundary[MULTIPART_BOUNDARY_MAX_BYTES + 1];
    add_segment(fixture, multipart_boundary(), "framebroker-of-another-run;of=the\"program\n\nx");
    export_boundary_find(fixture->recorded.folder.path, "door", NEW_YEAR_NS, boundary);
    assert_string_equal(boundary, multipart_boundary());
    export_boundary_find(fixture->recorded.folder.path, "gate", NEW_YEAR_NS, boundary);
    assert_string_equal(boundary, multipart_boundary());
    assert_exported(*state, 0, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(parts_are_alike_however_they_were_recorded),
        TEST(thinned_parts_are_alike_too),
        TEST(the_boundary_is_that_of_the_first_file),
        TEST(a_boundary_that_no_header_may_name_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
