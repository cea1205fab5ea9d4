/* Deletes the oldest recordings: those that are too old, and as many as the limits of bytes and the free space of the
 * disk demand. Protected ones and those that are being written stay.
 *
 * The oldest are those that were recorded first, whatever the clock said then: one that was set to 1970 makes no
 * recording old. After a step of the clock nothing is deleted for its age for RETENTION_TRUST_NS.
 *
 * Threads: one, the recorder's. Blocks: as the disk does. */
#ifndef BROKER_RECORDING_RETENTION_H
#define BROKER_RECORDING_RETENTION_H

#include "broker/recording/recording_disk.h"
#include "broker/recording/recording_settings.h"

#define RETENTION_TRUST_NS (600 * INT64_C(1000000000))
/* Segments that one call deletes of one kind at most: the recorder has frames to write. */
#define RETENTION_SLICE 32

/* Stays free whatever the settings say: the catalogue needs room to delete. */
#define RETENTION_MIN_FREE ((uint64_t)4 << 20)

/* Zeroed: nothing is known. */
struct retention {
    int64_t clock_offset_ns; /* real time less monotonic, at the last call; 0 before it */
    int64_t trusted_from_ns; /* monotonic: when ages count again */
    uint64_t deleted;        /* segments, since the start */
};

struct retention_camera {
    const char *id;
    uint64_t max_bytes; /* 0: no limit of its own */
    int64_t max_age_ns; /* likewise */
};

/* What is recorded, and what the disk has. */
struct retention_usage {
    uint64_t bytes;      /* of all recordings, those being written included */
    uint64_t free_bytes; /* of the disk */
};

/* One slice. *is_over: bytes or free space are beyond the limits still; *is_stuck: and there was nothing to delete.
 * pending_bytes: written, and not in the catalogue yet. Errors: recording_disk.h. */
CHECKED enum err retention_run(struct retention *retention, struct recording_disk *disk,
                               const struct recording_settings *settings, const struct retention_camera *cameras,
                               size_t camera_count, uint64_t pending_bytes, struct retention_usage *usage,
                               bool *is_over, bool *is_stuck, struct reason *reason);

#endif
