/* The entropy-coded data of a scan, one interval between restart markers after the other (ITU-T T.81, B.1.1.5), without
 * the bytes that are stuffed behind 0xFF.
 *
 * Lifecycle: zeroed; scan_interval_begin() for each scan, scan_interval_load() for each interval;
 * scan_interval_finish(). Threads: one at a time. */
#ifndef CAMERAS_PICTURE_SCAN_SCAN_INTERVAL_H
#define CAMERAS_PICTURE_SCAN_SCAN_INTERVAL_H

#include "broker/frame/frame.h"

/* The memory behind the last bit, whose contents mean nothing. */
#define SCAN_INTERVAL_SLACK_BYTES 256

struct scan_interval {
    struct span rest; /* of the scan, and what follows it: behind the marker that ends the interval */
    uint8_t *bytes;   /* of the interval; kept from one picture to the next */
    size_t capacity;
    size_t bit_count;
};

/* scan: borrowed until the last interval has been loaded. ERR_MEMORY. */
CHECKED enum err scan_interval_begin(struct scan_interval *interval, struct span scan);
void scan_interval_finish(struct scan_interval *interval);

/* False: no marker ends it, or decoders may disagree about which does. */
bool scan_interval_load(struct scan_interval *interval, unsigned *marker);

#endif
