/* Which frames of a camera are recorded: the decision of a camera's mode, frame by frame, in the order of capture.
 *
 * Around an event every frame is recorded, from before_ns before it to after_ns behind it. A frame is decided only once
 * an event that has not been seen yet can no longer reach back to it: that is why the recorder holds frames for
 * before_ns, and why a change between sparse and full is exact to the frame.
 *
 * Pure. Threads: one at a time. */
#ifndef BROKER_RECORDING_RECORD_PLAN_H
#define BROKER_RECORDING_RECORD_PLAN_H

#include "broker/frame/frame.h"
#include "broker/recording/recording_settings.h"

#define RECORD_EVENTS_MAX 32
/* How long after its first picture an event may become known. */
#define RECORD_EVENT_LAG_NS INT64_C(1000000000)

enum record_choice {
    RECORD_WAIT,     /* undecided: ask again later */
    RECORD_SKIP,     /* not recorded */
    RECORD_SPARSELY, /* recorded, as one of few */
    RECORD_FULLY,    /* recorded, as one of all */
};

/* Zeroed: nothing has happened. */
struct record_plan {
    struct record_window {
        uint64_t event;
        int64_t from_ns, until_ns; /* of capture, real time; INT64_MAX: the event lasts */
    } windows[RECORD_EVENTS_MAX];
    size_t window_count;
    int64_t clock_offset_ns; /* real time less monotonic, of the newest frame; 0 before it */
    int64_t next_sparse_ns;  /* monotonic */
};

/* An event of the camera: when what it is about was captured. ended_ns: 0 while it lasts. */
void record_plan_event(struct record_plan *plan, const struct record_settings *settings, uint64_t event,
                       int64_t began_ns, int64_t ended_ns);
/* now_ns: monotonic. must_decide: there is no room to wait. A choice other than RECORD_WAIT is final, and the next call
 * is about the next frame. */
enum record_choice record_plan_choose(struct record_plan *plan, const struct record_settings *settings,
                                      const struct frame_info *info, int64_t now_ns, bool must_decide);
/* Whether an event lasts, or has ended less than after_ns ago. */
bool record_plan_is_full(const struct record_plan *plan, const struct record_settings *settings);

#endif
