/* What is known of a camera whose frames do not come, since nobody here watches it: its state and the figures of its
 * newest frame, as the server reports them that has it.
 *
 * Threads: any. */
#ifndef BROKER_TOPIC_REPORT_H
#define BROKER_TOPIC_REPORT_H

#include "broker/camera_state.h"

#include <stdint.h>

struct topic;

struct topic_report {
    enum camera_state state;
    const char *error; /* NULL or "": none */
    uint64_t sequence; /* of its newest live frame; 0: none yet; the rest is then meaningless */
    int64_t captured_realtime_ns;
    int64_t captured_monotonic_ns;
    uint32_t width_px, height_px; /* 0: not known */
};

/* Snapshots show the figures, unless a later frame has been published here. Takes over the state, which may be live,
 * unless such a frame has been. The state is idle: drops the frames of the ring. */
void topic_apply_report(struct topic *topic, const struct topic_report *report);

#endif
