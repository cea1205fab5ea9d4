#include "tests/unit/broker/recording/recording_fixture.h"

static const char *path_in(const struct folder *folder, const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return path;
}

/* Frames 1 to `count`, ten a second. */
static struct segment_writer write_segment(struct folder *folder, const char *name, uint64_t count) {
    struct segment_writer writer = {0};
    assert_int_equal(segment_writer_open(&writer, AT_FDCWD, path_in(folder, name), multipart_first_delimiter(), NULL),
                     ERR_OK);
    for (uint64_t i = 1; i <= count; i++) {
        append_at(&writer, folder->pool, i, NEW_YEAR_NS + (int64_t)(i - 1) * 100 * NS_PER_MS);
    }
    return writer;
}

static struct segment_reader *read_segment(struct folder *folder, const char *name) {
    struct segment_reader *reader = NULL;
    assert_int_equal(segment_reader_open(path_in(folder, name), &reader), ERR_OK);
    return reader;
}

static void reader_returns_what_was_written(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 3);
    struct segment_reader *reader = read_segment(*state, "a");
    struct segment_part part;
    for (uint64_t i = 1; i <= 3; i++) {
        uint8_t byte = 0;
        assert_int_equal(segment_reader_next(reader, &part), ERR_OK);
        assert_int_equal(part.sequence, i);
        assert_int_equal(part.captured_realtime_ns, NEW_YEAR_NS + (int64_t)(i - 1) * 100 * NS_PER_MS);
        assert_int_equal(part.payload_bytes, TEST_FRAME_BYTES);
        assert_int_equal(segment_reader_read(reader, &part, part.head_bytes, &byte, 1), ERR_OK);
        assert_int_equal(byte, i);
    }
    assert_int_equal(segment_reader_next(reader, &part), ERR_CLOSED);
    assert_int_equal(segment_reader_offset(reader), writer.bytes);
    segment_reader_close(&reader);
    segment_writer_finish(&writer);
}

static void parts_are_ready_for_the_camera_that_they_name(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 1);
    const struct {
        const char *camera;
        bool is_ready;
    } cases[] = {{"door", true}, {"front", false}, {"oor", false}, {"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct segment_reader *reader = read_segment(*state, "a");
        struct segment_part part;
        char bytes[FRAME_HEAD_MAX_BYTES];
        segment_reader_set_camera(reader, cases[i].camera);
        assert_int_equal(segment_reader_next(reader, &part), ERR_OK);
        assert_int_equal(part.is_ready, cases[i].is_ready);
        assert_int_equal(segment_reader_read(reader, &part, 0, bytes, part.head_bytes), ERR_OK);
        assert_memory_equal(bytes + part.head_bytes - 19, "\r\nX-Recorded: 1\r\n\r\n", 19);
        segment_reader_close(&reader);
    }
    segment_writer_finish(&writer);
}

static void reader_goes_on_when_the_file_grows(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 1);
    struct segment_reader *reader = read_segment(*state, "a");
    struct segment_part part;
    assert_int_equal(segment_reader_next(reader, &part), ERR_OK);
    assert_int_equal(segment_reader_next(reader, &part), ERR_CLOSED);
    append_at(&writer, ((struct folder *)*state)->pool, 2, NEW_YEAR_NS + NS_PER_S);
    assert_int_equal(segment_reader_next(reader, &part), ERR_OK);
    assert_int_equal(part.sequence, 2);
    segment_reader_close(&reader);
    segment_writer_finish(&writer);
}

static void file_cut_anywhere_gives_its_whole_parts(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 2);
    struct segment_reader *reader = read_segment(*state, "a");
    struct segment_part first, part;
    assert_int_equal(segment_reader_next(reader, &first), ERR_OK);
    segment_reader_close(&reader);
    for (uint64_t length = writer.bytes - 1; length > first.offset; length -= 7) {
        assert_int_equal(truncate(path_in(*state, "a"), (off_t)length), 0);
        reader = read_segment(*state, "a");
        const bool has_first = length >= first.offset + first.bytes;
        assert_int_equal(segment_reader_next(reader, &part), has_first ? ERR_OK : ERR_CLOSED);
        assert_int_equal(segment_reader_next(reader, &part), ERR_CLOSED);
        segment_reader_close(&reader);
        if (length < 8) {
            break;
        }
    }
    segment_writer_finish(&writer);
}

static void close_cuts_torn_end(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 2);
    assert_int_equal(write(writer.fd, "torn", 4), 4);
    const uint64_t bytes = writer.bytes;
    segment_writer_finish(&writer);
    struct stat status;
    assert_int_equal(stat(path_in(*state, "a"), &status), 0);
    assert_int_equal(status.st_size, bytes);
}

static void foreign_bytes_are_no_part(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 1);
    char noise[2000];
    memset(noise, 'x', sizeof noise);
    assert_int_equal(write(writer.fd, noise, sizeof noise), sizeof noise);
    struct segment_reader *reader = read_segment(*state, "a");
    struct segment_part part;
    assert_int_equal(segment_reader_next(reader, &part), ERR_OK);
    assert_int_equal(segment_reader_next(reader, &part), ERR_INVALID);
    segment_reader_close(&reader);
    segment_writer_finish(&writer);
}

static void find_gives_the_newest_frame_at_a_time(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 50);
    struct segment_reader *reader = read_segment(*state, "a");
    const struct {
        int64_t at_ms;
        uint64_t sequence;
    } cases[] = {{-5000, 1}, {0, 1}, {99, 1}, {100, 2}, {2350, 24}, {4900, 50}, {99999, 50}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int64_t at_ns = NEW_YEAR_NS + cases[i].at_ms * NS_PER_MS;
        const struct segment_index *index = &writer.index;
        struct segment_part part;
        segment_reader_seek(reader, segment_index_find(index->packed, index->bytes, writer.start_ns, at_ns));
        assert_int_equal(segment_reader_find(reader, at_ns, &part), ERR_OK);
        assert_int_equal(part.sequence, cases[i].sequence);
    }
    assert_int_equal(writer.index.bytes, 5 * SEGMENT_INDEX_ENTRY_BYTES); /* 5 s: no walk is longer than a second */
    segment_reader_close(&reader);
    segment_writer_finish(&writer);
}

static void open_refuses_a_name_that_is_taken(void **state) {
    struct segment_writer writer = write_segment(*state, "a", 0), other = {0};
    struct reason reason;
    assert_int_equal(segment_writer_open(&other, AT_FDCWD, path_in(*state, "a"), "--T\r\n", &reason), ERR_INVALID);
    segment_writer_finish(&writer);
    segment_writer_finish(&other);
}

static void empty_file_is_no_segment(void **state) {
    int fd = open(path_in(*state, "a"), O_CREAT | O_WRONLY, 0600);
    struct segment_reader *reader = NULL;
    assert_int_equal(segment_reader_open(path_in(*state, "a"), &reader), ERR_INVALID);
    close(fd);
    assert_int_equal(segment_reader_open(path_in(*state, "b"), &reader), ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reader_returns_what_was_written, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(parts_are_ready_for_the_camera_that_they_name, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(reader_goes_on_when_the_file_grows, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(file_cut_anywhere_gives_its_whole_parts, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(close_cuts_torn_end, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(foreign_bytes_are_no_part, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(find_gives_the_newest_frame_at_a_time, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(open_refuses_a_name_that_is_taken, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(empty_file_is_no_segment, set_up_folder, tear_down_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
