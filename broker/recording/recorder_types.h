/* What the recorder is given, and what it shows: plain data. Threads: any. */
#ifndef BROKER_RECORDING_RECORDER_TYPES_H
#define BROKER_RECORDING_RECORDER_TYPES_H

#include "broker/recording/recording_settings.h"
#include "broker/topic_settings.h"

/* From one round of writing to the next, and from one sync to the next. */
#define RECORDER_ROUND_NS (250 * INT64_C(1000000))
#define RECORDER_SYNC_NS INT64_C(1000000000)

struct recorder;

/* What is recorded of a camera. */
struct recorder_camera {
    char id[TOPIC_ID_MAX_BYTES + 1];
    struct record_settings record;
    int64_t gap_ns; /* frames that are further apart have a gap between them */
};

enum recorder_state {
    RECORDER_RECORDING, /* or ready to, as soon as there is something */
    RECORDER_FULL,      /* there is no room, and nothing that may be deleted */
    RECORDER_FAILED,
};

struct recorder_camera_status {
    char id[TOPIC_ID_MAX_BYTES + 1];
    enum record_mode mode;
    bool is_off;                              /* see recorder_switch() */
    bool is_writing;                          /* false: nothing of late, e.g. since there is no event */
    uint64_t bytes;                           /* of all its recordings */
    int64_t oldest_ns, newest_ns;             /* capture times of the first and last frame; 0: none */
    uint64_t lost_frames;                     /* since the start */
    uint64_t recorded_frames, recorded_bytes; /* since the start */
};

struct recorder_status {
    const char *path; /* borrowed from the recorder */
    enum recorder_state state;
    struct reason reason;       /* "": none */
    uint64_t bytes, free_bytes; /* as of the last round */
    uint64_t deleted_segments;  /* by retention, since the start */
    uint64_t lost_history;      /* rows, since the start */
    size_t camera_count;
    struct recorder_camera_status *cameras; /* those that are recorded */
};

#endif
