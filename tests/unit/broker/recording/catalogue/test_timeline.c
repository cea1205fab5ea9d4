#include "broker/recording/catalogue/timeline.h"

#include "broker/recording/recording_settings.h"
#include "tests/unit/broker/recording/recording_fixture.h"

#define MINUTE_NS (60 * NS_PER_S)
#define MAX 8

struct recorded_minutes {
    struct catalogue_writer *writer;
    struct catalogue *reader;
    int64_t camera;
};

static struct recorded_minutes begin(const struct folder *folder) {
    struct recorded_minutes minutes = {0};
    struct reason reason;
    assert_int_equal(catalogue_writer_open(folder->path, &minutes.writer, &reason), ERR_OK);
    assert_int_equal(catalogue_open(folder->path, &minutes.reader, &reason), ERR_OK);
    assert_int_equal(catalogue_writer_begin(minutes.writer), ERR_OK);
    assert_int_equal(catalogue_writer_camera(minutes.writer, "door", &minutes.camera), ERR_OK);
    return minutes;
}

static void commit(struct recorded_minutes *minutes) {
    assert_int_equal(catalogue_writer_commit(minutes->writer), ERR_OK);
}

static void end(struct recorded_minutes *minutes) {
    catalogue_close(&minutes->reader);
    catalogue_writer_close(&minutes->writer);
}

/* The minute of that number, in a stretch of its own. */
static void record(struct recorded_minutes *minutes, int number, bool is_full) {
    char name[SEGMENT_NAME_BYTES];
    snprintf(name, sizeof name, "2026/01/01/%06d.mjpeg", number);
    const struct segment_row row = {.start_ns = NEW_YEAR_NS + number * MINUTE_NS,
                                    .end_ns = NEW_YEAR_NS + (number + 1) * MINUTE_NS - 1,
                                    .bytes = 100,
                                    .frames = 10,
                                    .is_finished = true,
                                    .is_full = is_full,
                                    .name = name};
    int64_t key;
    assert_int_equal(catalogue_writer_insert(minutes->writer, minutes->camera, &row, &key), ERR_OK);
}

/* From and to are minutes. */
static size_t list(struct recorded_minutes *minutes, int from, int to, struct timeline_stretch stretches[MAX]) {
    size_t count;
    assert_int_equal(timeline_read(minutes->reader, "door", NEW_YEAR_NS + from * MINUTE_NS,
                                   NEW_YEAR_NS + to * MINUTE_NS, stretches, MAX, &count),
                     ERR_OK);
    assert_in_range(count, 0, MAX);
    return count;
}

static int minute_of(int64_t realtime_ns) { return (int)((realtime_ns - NEW_YEAR_NS) / MINUTE_NS); }

static void few_stretches_are_listed_as_they_are(void **state) {
    struct recorded_minutes minutes = begin(*state);
    struct timeline_stretch stretches[MAX];
    for (int i = 0; i < MAX; i++) {
        record(&minutes, 2 * i, i % 2 == 0);
    }
    commit(&minutes);
    assert_int_equal(list(&minutes, 0, 100, stretches), MAX);
    for (int i = 0; i < MAX; i++) {
        assert_int_equal(minute_of(stretches[i].start_ns), 2 * i);
        assert_int_equal(stretches[i].is_full, i % 2 == 0);
        assert_int_equal(stretches[i].bytes, 100);
        assert_int_equal(stretches[i].gaps_ns, 0);
    }
    end(&minutes);
}

static void many_stretches_are_one_where_gaps_are_short(void **state) {
    struct recorded_minutes minutes = begin(*state);
    struct timeline_stretch stretches[MAX];
    for (int i = 0; i < 100; i++) {
        record(&minutes, 2 * i, true);
        record(&minutes, 1000 + 2 * i, true);
    }
    record(&minutes, 600, true);
    commit(&minutes);
    assert_int_equal(list(&minutes, 0, 2000, stretches), 3);
    assert_int_equal(minute_of(stretches[0].start_ns), 0);
    assert_int_equal(minute_of(stretches[0].end_ns), 198);
    assert_true(stretches[0].gaps_ns >= MINUTE_NS);
    assert_int_equal(minute_of(stretches[1].start_ns), 600);
    assert_int_equal(stretches[1].gaps_ns, 0);
    assert_int_equal(stretches[1].bytes, 100);
    assert_int_equal(minute_of(stretches[2].start_ns), 1000);
    assert_int_equal(minute_of(stretches[2].end_ns), 1198);
    end(&minutes);
}

static void what_is_full_stays_apart_from_what_is_sparse(void **state) {
    struct recorded_minutes minutes = begin(*state);
    struct timeline_stretch stretches[MAX];
    for (int i = 0; i < 500; i++) {
        record(&minutes, i, i >= 250 && i < 300 && i % 2 == 0);
    }
    commit(&minutes);
    assert_int_equal(list(&minutes, 0, 500, stretches), 2);
    assert_false(stretches[0].is_full);
    assert_int_equal(minute_of(stretches[0].start_ns), 0);
    assert_int_equal(minute_of(stretches[0].end_ns), 499);
    assert_true(stretches[1].is_full);
    assert_int_equal(minute_of(stretches[1].start_ns), 250);
    assert_int_equal(minute_of(stretches[1].end_ns), 298);
    end(&minutes);
}

/* However they lie, they fit, and every recorded minute is in a stretch of its kind. */
static void all_that_is_recorded_is_shown_and_fits(void **state) {
    struct recorded_minutes minutes = begin(*state);
    struct timeline_stretch stretches[MAX];
    enum { NOTHING, SPARSE, FULL } recorded[1000];
    unsigned random = 16;
    for (int i = 0; i < 1000; i++) {
        random = random * 1103515245u + 12345u;
        recorded[i] = random >> 16 & (1u << (i / 250)) ? NOTHING : random >> 24 & 1u ? FULL : SPARSE;
        if (recorded[i] != NOTHING) {
            record(&minutes, i, recorded[i] == FULL);
        }
    }
    commit(&minutes);
    for (int from = 0; from < 1000; from += 37) {
        const int to = from + 30 + from % 300;
        const size_t count = list(&minutes, from, to, stretches);
        for (int i = from; i < to && i < 1000; i++) {
            bool is_shown = recorded[i] == NOTHING;
            for (size_t j = 0; j < count; j++) {
                is_shown = is_shown || (minute_of(stretches[j].start_ns) <= i && minute_of(stretches[j].end_ns) >= i &&
                                        stretches[j].is_full == (recorded[i] == FULL));
            }
            assert_true(is_shown);
        }
    }
    end(&minutes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(few_stretches_are_listed_as_they_are, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(many_stretches_are_one_where_gaps_are_short, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(what_is_full_stays_apart_from_what_is_sparse, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(all_that_is_recorded_is_shown_and_fits, set_up_folder, tear_down_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
