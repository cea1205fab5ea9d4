#include "broker/recording/playback/recording_cursor.h"

#include "tests/unit/broker/recording/recorded_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#define INTERVAL_NS (NS_PER_S / 10)

struct fixture {
    struct recorded recorded;
    struct catalogue *catalogue;
    struct recording_cursor *cursor;
};

static int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.catalogue = NULL};
    recorded_make(&fixture.recorded);
    struct reason reason;
    assert_int_equal(catalogue_open(fixture.recorded.folder.path, &fixture.catalogue, &reason), ERR_OK);
    assert_int_equal(recording_cursor_create(fixture.catalogue, fixture.recorded.folder.path, "door", &fixture.cursor),
                     ERR_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    recording_cursor_destroy(&fixture->cursor);
    catalogue_close(&fixture->catalogue);
    recorded_remove(&fixture->recorded);
    return 0;
}

static void seek(struct fixture *fixture, int64_t at_ns) {
    assert_int_equal(recording_cursor_seek(fixture->cursor, NEW_YEAR_NS + at_ns, NS_PER_S), ERR_OK);
}

/* Takes the next frame, which must be this one. */
static void assert_next(struct fixture *fixture, uint64_t sequence, bool is_after_gap) {
    struct recorded_frame next;
    assert_int_equal(recording_cursor_peek(fixture->cursor, &next), ERR_OK);
    assert_int_equal(next.part.sequence, sequence);
    assert_int_equal(next.is_after_gap, is_after_gap);
    recording_cursor_take(fixture->cursor);
    struct frame *frame = NULL;
    assert_int_equal(recording_cursor_read(fixture->cursor, fixture->recorded.folder.pool, &frame), ERR_OK);
    assert_int_equal(frame_info(frame)->sequence, sequence);
    assert_int_equal(frame_info(frame)->captured_realtime_ns, next.part.captured_realtime_ns);
    assert_true(frame_info(frame)->is_recorded);
    assert_int_equal(frame_payload(frame).count, TEST_FRAME_BYTES);
    assert_int_equal(frame_payload(frame).bytes[TEST_FRAME_BYTES - 1], sequence & 0xff);
    frame_unref(&frame);
}

static void assert_end(struct fixture *fixture) {
    struct recorded_frame next;
    assert_int_equal(recording_cursor_peek(fixture->cursor, &next), ERR_CLOSED);
}

static void a_camera_without_recordings_has_no_frame(void **state) {
    struct fixture *fixture = *state;
    seek(fixture, 0);
    assert_end(fixture);
}

static void a_seek_finds_the_frame_that_was_newest_then(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "door", 1, 0, INTERVAL_NS, 100, true);
    seek(fixture, 5 * NS_PER_S);
    assert_next(fixture, 51, false);
    seek(fixture, 5 * NS_PER_S + INTERVAL_NS - 1);
    assert_next(fixture, 51, false);
    assert_next(fixture, 52, false);
    seek(fixture, -1);
    assert_next(fixture, 1, true);
    seek(fixture, 10 * NS_PER_S);
    assert_next(fixture, 100, false);
    assert_end(fixture);
    seek(fixture, 3600 * NS_PER_S);
    assert_end(fixture);
}

/* The index has milliseconds: the frame at 1099.9 ms is not yet there at 1099.4. */
static void a_seek_within_the_millisecond_before_a_frame_finds_the_one_before(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "door", 1, 0, 1099900 * NS_PER_US, 3, true);
    seek(fixture, 1099400 * NS_PER_US);
    assert_next(fixture, 1, false);
    seek(fixture, 1099900 * NS_PER_US);
    assert_next(fixture, 2, false);
}

static void segments_follow_each_other_and_gaps_are_known(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "door", 1, 0, INTERVAL_NS, 3, true);
    recorded_add(&fixture->recorded, "door", 4, 3 * INTERVAL_NS, INTERVAL_NS, 3, true);
    recorded_add(&fixture->recorded, "yard", 900, 0, INTERVAL_NS, 3, true);
    recorded_add(&fixture->recorded, "door", 1, 60 * NS_PER_S, INTERVAL_NS, 2, true); /* of another run */
    seek(fixture, 0);
    for (uint64_t sequence = 1; sequence <= 6; sequence++) {
        assert_next(fixture, sequence, false);
    }
    assert_next(fixture, 1, true);
    assert_next(fixture, 2, false);
    assert_end(fixture);
    seek(fixture, 30 * NS_PER_S); /* within the gap */
    assert_next(fixture, 1, true);
}

static void a_frame_can_be_read_while_the_next_is_in_another_file(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "door", 1, 0, INTERVAL_NS, 1, true);
    recorded_add(&fixture->recorded, "door", 2, INTERVAL_NS, INTERVAL_NS, 1, true);
    seek(fixture, 0);
    struct recorded_frame next;
    assert_int_equal(recording_cursor_peek(fixture->cursor, &next), ERR_OK);
    recording_cursor_take(fixture->cursor);
    assert_int_equal(recording_cursor_peek(fixture->cursor, &next), ERR_OK);
    assert_int_equal(next.part.sequence, 2);
    struct frame *frame = NULL;
    assert_int_equal(recording_cursor_read(fixture->cursor, fixture->recorded.folder.pool, &frame), ERR_OK);
    assert_int_equal(frame_payload(frame).bytes[TEST_FRAME_BYTES - 1], 1);
    assert_int_equal(frame_info(frame)->width_px, 640);
    frame_unref(&frame);
    assert_next(fixture, 2, false);
}

static void what_is_still_being_written_is_read_as_it_comes(void **state) {
    struct fixture *fixture = *state;
    struct recorded *recorded = &fixture->recorded;
    recorded_add(recorded, "door", 1, 0, INTERVAL_NS, 2, false);
    seek(fixture, 0);
    assert_next(fixture, 1, false);
    assert_next(fixture, 2, false);
    assert_end(fixture);
    char path[128];
    snprintf(path, sizeof path, "%s/door/1.mjpeg", recorded->folder.path);
    int fd = open(path, O_WRONLY | O_APPEND);
    struct frame *frame = recorded_frame_of(recorded, "door", 3, 2 * INTERVAL_NS);
    struct span part = frame_part(frame);
    assert_int_equal(write(fd, part.bytes, part.count - 1), part.count - 1);
    assert_end(fixture);
    assert_int_equal(write(fd, part.bytes + part.count - 1, 1), 1);
    frame_unref(&frame);
    close(fd);
    assert_next(fixture, 3, false);
    recorded_add(recorded, "door", 4, 3 * INTERVAL_NS, INTERVAL_NS, 1, false);
    assert_next(fixture, 4, false);
}

static void segments_whose_files_are_missing_or_broken_are_passed_over(void **state) {
    struct fixture *fixture = *state;
    struct recorded *recorded = &fixture->recorded;
    for (unsigned i = 0; i < 4; i++) {
        recorded_add(recorded, "door", 1 + 2 * i, i * NS_PER_S, INTERVAL_NS, 2, true);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/door/2.mjpeg", recorded->folder.path);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/door/3.mjpeg", recorded->folder.path);
    assert_int_equal(truncate(path, 0), 0);
    seek(fixture, 0);
    assert_next(fixture, 1, false);
    assert_next(fixture, 2, false);
    assert_next(fixture, 7, false);
    seek(fixture, NS_PER_S);
    assert_next(fixture, 7, true);
}

/* Another cursor goes on where this one stands. */
static void resume(struct fixture *fixture) {
    const struct recording_place place = recording_cursor_place(fixture->cursor);
    recording_cursor_destroy(&fixture->cursor);
    assert_int_equal(
        recording_cursor_create(fixture->catalogue, fixture->recorded.folder.path, "door", &fixture->cursor), ERR_OK);
    assert_int_equal(recording_cursor_resume(fixture->cursor, &place), ERR_OK);
}

static void a_cursor_goes_on_where_another_one_stood(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "door", 1, 0, INTERVAL_NS, 3, true);
    recorded_add(&fixture->recorded, "door", 4, 3 * INTERVAL_NS, INTERVAL_NS, 2, true);
    recorded_add(&fixture->recorded, "door", 6, 2 * INTERVAL_NS, INTERVAL_NS, 2, true); /* the clock was set back */
    recorded_add(&fixture->recorded, "door", 8, 60 * NS_PER_S, INTERVAL_NS, 1, true);
    static const uint64_t order[] = {1, 2, 3, 6, 7, 4, 5, 8};
    seek(fixture, 0);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_next(fixture, order[i], order[i] == 8);
        resume(fixture);
    }
    assert_end(fixture);
    resume(fixture);
    assert_end(fixture);
    recorded_add(&fixture->recorded, "door", 9, 60 * NS_PER_S + INTERVAL_NS, INTERVAL_NS, 1, true);
    assert_next(fixture, 9, false);
}

static void a_cursor_goes_on_behind_a_segment_that_is_gone(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "door", 1, 0, INTERVAL_NS, 3, true);
    recorded_add(&fixture->recorded, "door", 4, 60 * NS_PER_S, INTERVAL_NS, 2, true);
    seek(fixture, 0);
    assert_next(fixture, 1, false);
    char path[128];
    snprintf(path, sizeof path, "%s/door/1.mjpeg", fixture->recorded.folder.path);
    assert_int_equal(unlink(path), 0);
    resume(fixture);
    assert_next(fixture, 4, true);
    const struct recording_place nowhere = {NEW_YEAR_NS - 1, 77, 5, NEW_YEAR_NS - 1};
    assert_int_equal(recording_cursor_resume(fixture->cursor, &nowhere), ERR_OK);
    assert_next(fixture, 4, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_camera_without_recordings_has_no_frame),
        TEST(a_seek_finds_the_frame_that_was_newest_then),
        TEST(a_seek_within_the_millisecond_before_a_frame_finds_the_one_before),
        TEST(segments_follow_each_other_and_gaps_are_known),
        TEST(a_frame_can_be_read_while_the_next_is_in_another_file),
        TEST(what_is_still_being_written_is_read_as_it_comes),
        TEST(segments_whose_files_are_missing_or_broken_are_passed_over),
        TEST(a_cursor_goes_on_where_another_one_stood),
        TEST(a_cursor_goes_on_behind_a_segment_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
