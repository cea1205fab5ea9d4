/* Looks at a whole segment, as it is on the disk: what a row of the catalogue says of it.
 * Threads: one at a time for each scan. Blocks: as the disk does, some 2 us a frame where it is in memory. */
#ifndef BROKER_RECORDING_SEGMENT_SEGMENT_SCAN_H
#define BROKER_RECORDING_SEGMENT_SEGMENT_SCAN_H

#include "broker/recording/segment/segment_index.h"

#include <stdbool.h>

/* Zeroed before its first use; the index is finished by segment_scan_finish(). */
struct segment_scan {
    int64_t start_ns, end_ns; /* capture times of the first frame and of the newest */
    uint64_t bytes, frames;   /* of whole parts */
    uint64_t file_bytes;      /* more than `bytes`: its end is torn */
    struct segment_index index;
};

/* Walks the file. A torn or foreign end is no error. ERR_INVALID: it has no frame at all; ERR_NOT_FOUND; ERR_IO,
 * ERR_MEMORY, ERR_DENIED, ERR_BUSY. */
CHECKED enum err segment_scan_file(struct segment_scan *scan, const char *file);
void segment_scan_finish(struct segment_scan *scan);

#endif
