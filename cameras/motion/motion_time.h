/* When a frame was captured: durations are measured by the monotonic clock, people are shown the other. */
#ifndef CAMERAS_MOTION_MOTION_TIME_H
#define CAMERAS_MOTION_MOTION_TIME_H

#include <stdint.h>

struct motion_time {
    int64_t monotonic_ns;
    int64_t realtime_ns; /* since the epoch */
};

#endif
