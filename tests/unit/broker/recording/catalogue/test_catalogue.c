#include "tests/unit/broker/recording/recording_fixture.h"

#include "broker/recording/recording_settings.h"

#define MINUTE_NS (60 * NS_PER_S)

struct pair {
    struct catalogue_writer *writer;
    struct catalogue *reader;
    int64_t door;
};

static struct pair open_pair(const struct folder *folder) {
    struct pair pair = {0};
    struct reason reason;
    assert_int_equal(catalogue_writer_open(folder->path, &pair.writer, &reason), ERR_OK);
    assert_int_equal(catalogue_open(folder->path, &pair.reader, &reason), ERR_OK);
    assert_int_equal(catalogue_writer_camera(pair.writer, "door", &pair.door), ERR_OK);
    return pair;
}

static void close_pair(struct pair *pair) {
    catalogue_close(&pair->reader);
    catalogue_writer_close(&pair->writer);
}

/* Minute `number` of the year: 100 bytes, 10 frames. */
static int64_t insert_minute(struct pair *pair, int64_t number, bool is_full, bool continues) {
    char name[SEGMENT_NAME_BYTES];
    snprintf(name, sizeof name, "2026/01/01/%06d.mjpeg", (int)number);
    const struct segment_row row = {.start_ns = NEW_YEAR_NS + number * MINUTE_NS,
                                    .end_ns = NEW_YEAR_NS + number * MINUTE_NS + 59 * NS_PER_S,
                                    .bytes = 100,
                                    .frames = 10,
                                    .is_finished = true,
                                    .is_full = is_full,
                                    .continues = continues,
                                    .name = name};
    int64_t key = 0;
    assert_int_equal(catalogue_writer_insert(pair->writer, pair->door, &row, &key), ERR_OK);
    return key;
}

static size_t count_stretches(struct pair *pair, struct catalogue_stretch stretches[10]) {
    size_t count = 0;
    assert_int_equal(catalogue_read_stretches(pair->reader, "door", 0, INT64_MAX, INT64_MIN, stretches, 10, &count),
                     ERR_OK);
    return count;
}

static void segments_are_found_by_time(void **state) {
    struct pair pair = open_pair(*state);
    struct catalogue_segment segment, segments[4];
    uint64_t offset = 1;
    size_t count;
    for (int64_t i = 0; i < 4; i++) {
        insert_minute(&pair, i, true, true);
    }
    assert_int_equal(catalogue_find_segment(pair.reader, "door", NEW_YEAR_NS - 1, &segment, &offset), ERR_NOT_FOUND);
    assert_int_equal(catalogue_find_segment(pair.reader, "door", NEW_YEAR_NS + 2 * MINUTE_NS + 1, &segment, &offset),
                     ERR_OK);
    assert_string_equal(segment.name, "2026/01/01/000002.mjpeg");
    assert_int_equal(offset, 0);
    struct catalogue_place place = {segment.start_ns, segment.key};
    assert_int_equal(catalogue_next_segment(pair.reader, "door", &place, &segment), ERR_OK);
    assert_string_equal(segment.name, "2026/01/01/000003.mjpeg");
    assert_int_equal(catalogue_read_segments(pair.reader, "door", NEW_YEAR_NS + 59 * NS_PER_S,
                                             NEW_YEAR_NS + 2 * MINUTE_NS, NULL, segments, 2, &count),
                     ERR_OK);
    assert_int_equal(count, 2);
    place = (struct catalogue_place){segments[1].start_ns, segments[1].key};
    assert_int_equal(catalogue_read_segments(pair.reader, "door", NEW_YEAR_NS + 59 * NS_PER_S,
                                             NEW_YEAR_NS + 2 * MINUTE_NS, &place, segments, 2, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(catalogue_read_segments(pair.reader, "other", 0, INT64_MAX, NULL, segments, 4, &count), ERR_OK);
    assert_int_equal(count, 0);
    close_pair(&pair);
}

static void camera_has_sums_and_ends(void **state) {
    struct pair pair = open_pair(*state);
    struct catalogue_camera camera;
    assert_int_equal(catalogue_find_camera(pair.reader, "none", &camera), ERR_NOT_FOUND);
    insert_minute(&pair, 0, true, false);
    int64_t key = insert_minute(&pair, 1, true, true);
    const struct segment_row grown = {.start_ns = NEW_YEAR_NS + MINUTE_NS,
                                      .end_ns = NEW_YEAR_NS + 3 * MINUTE_NS,
                                      .bytes = 300,
                                      .frames = 30,
                                      .is_finished = true};
    assert_int_equal(catalogue_writer_update(pair.writer, pair.door, key, &grown), ERR_OK);
    assert_int_equal(catalogue_find_camera(pair.reader, "door", &camera), ERR_OK);
    assert_int_equal(camera.segments, 2);
    assert_int_equal(camera.bytes, 400);
    assert_int_equal(camera.frames, 40);
    assert_int_equal(camera.oldest_ns, NEW_YEAR_NS);
    assert_int_equal(camera.newest_ns, NEW_YEAR_NS + 3 * MINUTE_NS);
    close_pair(&pair);
}

static void stretches_grow_and_break_at_gaps_and_kinds(void **state) {
    struct pair pair = open_pair(*state);
    struct catalogue_stretch stretches[10];
    insert_minute(&pair, 0, true, false);
    insert_minute(&pair, 1, true, true);
    insert_minute(&pair, 2, false, true);
    insert_minute(&pair, 9, false, false);
    assert_int_equal(count_stretches(&pair, stretches), 3);
    assert_int_equal(stretches[0].start_ns, NEW_YEAR_NS);
    assert_int_equal(stretches[0].end_ns, NEW_YEAR_NS + MINUTE_NS + 59 * NS_PER_S);
    assert_int_equal(stretches[0].bytes, 200);
    assert_true(stretches[0].is_full);
    assert_false(stretches[1].is_full);
    size_t count;
    assert_int_equal(catalogue_read_stretches(pair.reader, "door", NEW_YEAR_NS + MINUTE_NS, NEW_YEAR_NS + MINUTE_NS,
                                              INT64_MIN, stretches, 10, &count),
                     ERR_OK);
    assert_int_equal(count, 1); /* it began before */
    close_pair(&pair);
}

static void deletion_trims_splits_and_drops_stretches(void **state) {
    struct pair pair = open_pair(*state);
    struct catalogue_stretch stretches[10];
    struct segment_place places[10];
    size_t count;
    for (int64_t i = 0; i < 5; i++) {
        insert_minute(&pair, i, true, i > 0);
    }
    assert_int_equal(catalogue_writer_oldest(pair.writer, 0, places, 10, &count), ERR_OK);
    assert_int_equal(count, 5);
    assert_int_equal(catalogue_writer_mark(pair.writer, &places[0]), ERR_OK);
    assert_int_equal(count_stretches(&pair, stretches), 1);
    assert_int_equal(stretches[0].start_ns, NEW_YEAR_NS + MINUTE_NS);
    assert_int_equal(stretches[0].bytes, 400);
    assert_int_equal(catalogue_writer_mark(pair.writer, &places[2]), ERR_OK);
    assert_int_equal(count_stretches(&pair, stretches), 2);
    assert_int_equal(stretches[0].end_ns, NEW_YEAR_NS + MINUTE_NS + 59 * NS_PER_S);
    assert_int_equal(stretches[0].bytes, 100);
    assert_int_equal(stretches[1].start_ns, NEW_YEAR_NS + 3 * MINUTE_NS);
    assert_int_equal(stretches[1].bytes, 200);
    assert_int_equal(catalogue_writer_mark(pair.writer, &places[1]), ERR_OK);
    assert_int_equal(count_stretches(&pair, stretches), 1);
    assert_int_equal(catalogue_writer_unfinished(pair.writer, true, places, 10, &count), ERR_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(catalogue_writer_forget(pair.writer, places[i].key), ERR_OK);
    }
    uint64_t bytes;
    assert_int_equal(catalogue_writer_bytes(pair.writer, &bytes), ERR_OK);
    assert_int_equal(bytes, 200);
    close_pair(&pair);
}

static void protection_keeps_what_it_touches(void **state) {
    struct pair pair = open_pair(*state);
    struct segment_place places[10];
    size_t count;
    for (int64_t i = 0; i < 3; i++) {
        insert_minute(&pair, i, true, i > 0);
    }
    const int64_t at_ns = NEW_YEAR_NS + MINUTE_NS + NS_PER_S;
    assert_int_equal(catalogue_writer_protect(pair.writer, pair.door, at_ns, at_ns), ERR_OK);
    assert_int_equal(catalogue_writer_oldest(pair.writer, pair.door, places, 10, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(catalogue_writer_between(pair.writer, pair.door, at_ns, at_ns, places, 10, &count), ERR_OK);
    assert_int_equal(count, 0);
    struct catalogue_protection protection;
    assert_int_equal(catalogue_read_protections(pair.reader, "door", 0, &protection, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(protection.camera, "door");
    assert_int_equal(catalogue_writer_release(pair.writer, pair.door, at_ns, at_ns), ERR_OK);
    assert_int_equal(catalogue_writer_oldest(pair.writer, pair.door, places, 10, &count), ERR_OK);
    assert_int_equal(count, 3);
    close_pair(&pair);
}

static void adopted_segments_count_as_recorded_before_all_others(void **state) {
    struct pair pair = open_pair(*state);
    struct catalogue_stretch stretches[10];
    struct segment_place places[10];
    size_t count;
    for (int64_t i = 3; i >= 0; i--) { /* the newest first */
        char name[SEGMENT_NAME_BYTES];
        snprintf(name, sizeof name, "2026/01/01/%06d.mjpeg", (int)i);
        const struct segment_row row = {.start_ns = NEW_YEAR_NS + i * MINUTE_NS,
                                        .end_ns = NEW_YEAR_NS + i * MINUTE_NS + 59 * NS_PER_S,
                                        .bytes = 100,
                                        .frames = 10,
                                        .is_finished = true,
                                        .is_full = true,
                                        .name = name};
        bool has = true;
        assert_int_equal(catalogue_writer_has(pair.writer, pair.door, name, &has), ERR_OK);
        assert_false(has);
        assert_int_equal(catalogue_writer_adopt(pair.writer, pair.door, &row, 3 * NS_PER_S), ERR_OK);
    }
    assert_true(insert_minute(&pair, 9, true, false) > 0);
    assert_int_equal(catalogue_writer_oldest(pair.writer, 0, places, 10, &count), ERR_OK);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(places[i].start_ns, NEW_YEAR_NS + (int64_t)i * MINUTE_NS);
    }
    assert_int_equal(count_stretches(&pair, stretches), 2);
    assert_int_equal(stretches[0].start_ns, NEW_YEAR_NS);
    assert_int_equal(stretches[0].bytes, 400);
    close_pair(&pair);
}

struct seen {
    int64_t keys[10], last_at_ns;
    size_t count;
};

static bool see(void *user, const struct history_row *row) {
    struct seen *seen = user;
    seen->keys[seen->count++] = row->key;
    seen->last_at_ns = row->at_ns;
    return true;
}

static void history_is_read_in_slices(void **state) {
    struct pair pair = open_pair(*state);
    for (int64_t i = 1; i <= 5; i++) {
        assert_int_equal(catalogue_writer_add_event(pair.writer, NEW_YEAR_NS + i / 2, i == 3 ? "" : "door",
                                                    i == 4 ? "motion" : "state", "{}"),
                         ERR_OK);
    }
    struct history_query query = {.from_ns = 0, .to_ns = INT64_MAX, .newest_first = true, .limit = 2};
    struct seen seen = {0};
    size_t count = 2, slices = 0;
    while (count == query.limit) {
        assert_int_equal(catalogue_read_history(pair.reader, &query, see, &seen, &count), ERR_OK);
        query.after_at_ns = seen.last_at_ns;
        query.after_key = seen.keys[seen.count - 1];
        slices++;
    }
    assert_int_equal(slices, 3);
    assert_int_equal(seen.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(seen.keys[i], 5 - i);
    }
    query = (struct history_query){.camera_id = "door", .kind = "state", .to_ns = INT64_MAX, .limit = 10};
    seen.count = 0;
    assert_int_equal(catalogue_read_history(pair.reader, &query, see, &seen, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(seen.keys[2], 5);
    assert_int_equal(catalogue_writer_trim_events(pair.writer, NEW_YEAR_NS + 2, 10), ERR_OK);
    query.camera_id = query.kind = NULL;
    assert_int_equal(catalogue_read_history(pair.reader, &query, see, &seen, &count), ERR_OK);
    assert_int_equal(count, 2);
    close_pair(&pair);
}

static void broken_catalogue_is_named(void **state) {
    const struct folder *folder = *state;
    char path[128];
    struct reason reason;
    struct catalogue_writer *writer = NULL;
    struct catalogue *reader = NULL;
    assert_int_equal(catalogue_open(folder->path, &reader, &reason), ERR_NOT_FOUND);
    snprintf(path, sizeof path, "%s/catalogue.sqlite", folder->path);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++) {
        fputs("this is no database", file);
    }
    fclose(file);
    assert_int_equal(catalogue_writer_open(folder->path, &writer, &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, "not a database"));
    assert_int_equal(catalogue_open(folder->path, &reader, &reason), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(segments_are_found_by_time, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(camera_has_sums_and_ends, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(stretches_grow_and_break_at_gaps_and_kinds, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(deletion_trims_splits_and_drops_stretches, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(protection_keeps_what_it_touches, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(adopted_segments_count_as_recorded_before_all_others, set_up_folder,
                                        tear_down_folder),
        cmocka_unit_test_setup_teardown(history_is_read_in_slices, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(broken_catalogue_is_named, set_up_folder, tear_down_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
