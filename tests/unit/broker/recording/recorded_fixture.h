/* A folder of recordings, made by the project's own writers: segments with frames whose bytes are their sequence, but
 * for a head as of a JPEG of 640x360. */
#ifndef TESTS_UNIT_RECORDED_FIXTURE_H
#define TESTS_UNIT_RECORDED_FIXTURE_H

#include "tests/unit/broker/recording/recording_fixture.h"

struct recorded {
    struct folder folder;
    struct catalogue_writer *writer;
    unsigned segments;
};

static inline void recorded_make(struct recorded *recorded) {
    *recorded = (struct recorded){.segments = 0};
    folder_make(&recorded->folder);
    struct reason reason;
    assert_int_equal(catalogue_writer_open(recorded->folder.path, &recorded->writer, &reason), ERR_OK);
}

static inline struct frame *recorded_frame_of(struct recorded *recorded, const char *camera, uint64_t sequence,
                                              int64_t at_ns) {
    struct frame *frame = make_frame(recorded->folder.pool, sequence);
    static const uint8_t head[] = {0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 1, 0x68, 2, 0x80};
    memcpy(frame_data(frame), head, sizeof head);
    frame_edit_info(frame)->captured_realtime_ns = NEW_YEAR_NS + at_ns;
    frame_seal(frame, multipart_envelope(), camera);
    return frame;
}

/* Frames of a camera from at_ns (since NEW_YEAR_NS) on, in a segment of their own. */
static inline void recorded_add(struct recorded *recorded, const char *camera, uint64_t first_sequence, int64_t at_ns,
                                int64_t interval_ns, unsigned count, bool is_finished) {
    char path[256];
    struct segment_row row = {.is_finished = is_finished, .is_full = true};
    char name[SEGMENT_NAME_BYTES];
    snprintf(name, sizeof name, "%u.mjpeg", ++recorded->segments);
    snprintf(path, sizeof path, "%s/%s", recorded->folder.path, camera);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%s", recorded->folder.path, camera, name);
    struct segment_writer file = {.is_open = false};
    struct reason reason;
    assert_int_equal(segment_writer_open(&file, AT_FDCWD, path, multipart_first_delimiter(), &reason), ERR_OK);
    for (unsigned i = 0; i < count; i++) {
        struct frame *frame = recorded_frame_of(recorded, camera, first_sequence + i, at_ns + interval_ns * i);
        assert_int_equal(segment_writer_append(&file, &frame, 1, &reason), ERR_OK);
        frame_unref(&frame);
    }
    row.start_ns = file.start_ns;
    row.end_ns = file.end_ns;
    row.bytes = file.bytes;
    row.frames = file.frames;
    row.name = name;
    row.index = file.index.packed;
    row.index_bytes = file.index.bytes;
    int64_t key, camera_key;
    assert_int_equal(catalogue_writer_begin(recorded->writer), ERR_OK);
    assert_int_equal(catalogue_writer_camera(recorded->writer, camera, &camera_key), ERR_OK);
    assert_int_equal(catalogue_writer_insert(recorded->writer, camera_key, &row, &key), ERR_OK);
    assert_int_equal(catalogue_writer_commit(recorded->writer), ERR_OK);
    segment_writer_close(&file);
    segment_writer_finish(&file);
}

static inline void recorded_remove(struct recorded *recorded) {
    catalogue_writer_close(&recorded->writer);
    folder_remove(&recorded->folder);
}

#endif
