#include "cameras/supervisor/camera_timing.h"

#include "broker/base/clock.h"

const struct camera_timing camera_default_timing = {
    .open = 10 * NS_PER_S,
    .first_frame = 10 * NS_PER_S,
    .next_frame = 3 * NS_PER_S,
    .no_frame = 60 * NS_PER_S,
    .grace = 1 * NS_PER_S,
    .quick_start = 150 * NS_PER_MS,
    .retry_first = 250 * NS_PER_MS,
    .retry_max = 5 * NS_PER_S,
    .steady = 5 * NS_PER_S,
};
