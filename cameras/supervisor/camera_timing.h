/* How long a camera waits, and for what. */
#ifndef CAMERAS_SUPERVISOR_CAMERA_TIMING_H
#define CAMERAS_SUPERVISOR_CAMERA_TIMING_H

#include <stdint.h>

/* Every time in nanoseconds. */
struct camera_timing {
    int64_t open;        /* deadline for opening the device */
    int64_t first_frame; /* deadline for the first frame after that */
    int64_t next_frame;  /* deadline for each further one; longer for slow cameras */
    int64_t no_frame;    /* deadline for the next one while packets come that make no frame */
    int64_t grace;       /* a driver that exceeds its deadline by this long is interrupted */
    int64_t quick_start; /* a camera that starts within this time shows no placeholder */
    int64_t retry_first; /* wait after the first failure, doubled after each further one ... */
    int64_t retry_max;   /* ... up to this */
    int64_t steady;      /* after frames for this long a failure counts as the first again, and a lost connection is
                            replaced at once */
};
extern const struct camera_timing camera_default_timing;

#endif
