/* Where the frames of a segment stand: for each second that has any, its first frame's time and offset.
 *
 * Packed, as the catalogue keeps it: eight bytes an entry, two little-endian 32-bit numbers, milliseconds since the
 * segment's first frame and the offset of the part in the file. A segment is below 4 GiB and 49 days.
 *
 * Threads: one at a time. Ownership: finish frees what add has allocated. */
#ifndef BROKER_RECORDING_SEGMENT_SEGMENT_INDEX_H
#define BROKER_RECORDING_SEGMENT_SEGMENT_INDEX_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_INDEX_ENTRY_BYTES 8u

/* Zeroed: empty. */
struct segment_index {
    uint8_t *packed;
    size_t bytes, capacity_bytes;
    int64_t start_ns;    /* of the first frame */
    int64_t last_second; /* of the newest entry, since start_ns */
};

/* Empties it, and keeps the memory. */
void segment_index_clear(struct segment_index *index);
/* A frame at an offset, in the order of the file. Frames of a second that has one already, and those that are earlier,
 * add nothing. ERR_MEMORY. */
CHECKED enum err segment_index_add(struct segment_index *index, int64_t captured_realtime_ns, uint64_t offset);
void segment_index_finish(struct segment_index *index);

/* The offset of the last entry of a packed index at or before a time; the first entry's for an earlier time, 0 for an
 * empty index: from there, walk. bytes that are no whole entry are ignored. */
uint64_t segment_index_find(const void *packed, size_t bytes, int64_t start_ns, int64_t realtime_ns);

#endif
