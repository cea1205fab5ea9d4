/* What the tests of recordings start from: a folder of their own, and frames with times of their own. */
#ifndef TESTS_RECORDING_FIXTURE_H
#define TESTS_RECORDING_FIXTURE_H

#define _GNU_SOURCE
#include "broker/multipart/multipart_writer.h"
#include "broker/recording/catalogue/catalogue_writer.h"
#include "broker/recording/segment/segment_reader.h"
#include "broker/recording/segment/segment_writer.h"
#include "tests/unit/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* 2026-01-01T00:00:00Z */
#define NEW_YEAR_NS (INT64_C(1767225600) * NS_PER_S)

struct folder {
    char path[64];
    struct frame_pool *pool;
};

static inline void folder_make(struct folder *folder) {
    *folder = (struct folder){.path = "/tmp/framebroker-test-XXXXXX", .pool = make_pool()};
    assert_non_null(mkdtemp(folder->path));
    multipart_init();
}

static inline void folder_remove(struct folder *folder) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder->path);
    assert_int_equal(system(command), 0);
    frame_pool_destroy(&folder->pool);
}

static inline int set_up_folder(void **state) {
    static struct folder folder;
    folder_make(&folder);
    *state = &folder;
    return 0;
}

static inline int tear_down_folder(void **state) {
    folder_remove(*state);
    return 0;
}

static inline struct frame *make_frame_at(struct frame_pool *pool, uint64_t sequence, int64_t captured_ns) {
    struct frame *frame = make_frame(pool, sequence);
    frame_edit_info(frame)->captured_realtime_ns = captured_ns;
    frame_edit_info(frame)->state = STATE_LIVE;
    frame_seal(frame, multipart_envelope(), "door");
    return frame;
}

static inline void append_at(struct segment_writer *writer, struct frame_pool *pool, uint64_t sequence,
                             int64_t captured_ns) {
    struct frame *frame = make_frame_at(pool, sequence, captured_ns);
    assert_int_equal(segment_writer_append(writer, &frame, 1, NULL), ERR_OK);
    frame_unref(&frame);
}

#endif
