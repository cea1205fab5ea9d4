/* How long the steps of a frame's way take, over all cameras of the process, for monitoring. One histogram a step: with
 * one for each camera too, they would be most of a scrape.
 *
 * Threads: any; see broker/base/histogram.h. */
#ifndef BROKER_TIMING_H
#define BROKER_TIMING_H

#include "broker/base/histogram.h"

enum timing {
    TIMING_ENCODE,   /* a raw frame to JPEG */
    TIMING_CONVERT,  /* a frame to one of its variants */
    TIMING_PUBLISH,  /* from a camera's capture of a frame to its publication */
    TIMING_DELIVERY, /* from there until the kernel has the frame's last byte, for each viewer */
    TIMING_COUNT,
};

void timing_observe(enum timing timing, int64_t duration_ns);
void timing_read(enum timing timing, struct histogram_snapshot *snapshot);

#endif
