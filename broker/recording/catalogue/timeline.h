/* What is recorded of a camera, as a timeline shows it: no more stretches than it has room for.
 *
 * Where there are more, those of a kind, full or sparse, that have only short gaps between them are one. Such gaps are
 * found by looking for ends and starts, not by reading every stretch: a month costs no more than a day.
 *
 * Pure but for the catalogue. Threads: that of its connection. Blocks: as the disk does. */
#ifndef BROKER_RECORDING_CATALOGUE_TIMELINE_H
#define BROKER_RECORDING_CATALOGUE_TIMELINE_H

#include "broker/recording/catalogue/catalogue.h"

/* Times are nanoseconds since the epoch. */
struct timeline_stretch {
    int64_t start_ns, end_ns;
    uint64_t bytes; /* 0 where gaps_ns is not: not added up */
    bool is_full;
    int64_t gaps_ns; /* there are gaps in it, none longer than this; 0: there are none */
};

/* Those that have frames between two times, whole, at most `max`, which is 2 or more; in the order of their starts.
 * Errors as the catalogue's queries. */
CHECKED enum err timeline_read(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                               struct timeline_stretch *stretches, size_t max, size_t *count);

#endif
