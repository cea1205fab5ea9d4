/* Events made of what the detector sees: a movement that lasts min_duration begins one, cooldown without movement ends
 * it, max_duration splits it, and outside of its hours nothing begins. Each zone has its own.
 *
 *               moves for min_duration                nothing moves for cooldown, max_duration is over,
 *     QUIET --------------------------> BEGUN           the hours end, or motion_events_stop()
 *       ^                                 |-------------------------------------------.
 *       '-----------------------------------------------------------------------------'
 *
 * A pure function of the results and their times; local time is that of TZ. Threads: one at a time for each. */
#ifndef CAMERAS_MOTION_MOTION_EVENTS_H
#define CAMERAS_MOTION_MOTION_EVENTS_H

#include "cameras/motion/detector.h"

/* Boxes over time: one a second at first; when they are full, every second one is dropped, and they become rarer. */
#define MOTION_TRACE_MAX 32

struct motion_trace_entry {
    int64_t realtime_ns;
    unsigned score;
    struct motion_box box; /* the largest of that frame in the zone */
};

struct motion_event {
    uint64_t id; /* unique for the camera: the begin in microseconds since the epoch, or one more than the last */
    unsigned zone;
    const char *zone_name;       /* "": the whole picture; borrowed from the settings */
    struct motion_time begin;    /* capture of the first frame that showed it */
    struct motion_time end;      /* capture of the last frame that showed it, so far */
    struct motion_time reported; /* capture of the frame with which it was known to be one */
    unsigned score;              /* the highest */
    struct motion_time peak;     /* when that was */
    size_t box_count;            /* those of the frame of the highest score */
    struct motion_box boxes[MOTION_BOXES_MAX];
    size_t trace_count;
    struct motion_trace_entry trace[MOTION_TRACE_MAX];
};

enum motion_change {
    MOTION_BEGAN,
    MOTION_PEAKED, /* the frame that was fed has the highest score so far: it is the one to keep. Follows BEGAN at once
                    */
    MOTION_ENDED,
};

/* event: borrowed for the call. */
typedef void motion_report(void *user, enum motion_change change, const struct motion_event *event);

struct motion_events;

/* settings: borrowed, with what they borrow. report and user: borrowed until it is destroyed. ERR_MEMORY. */
CHECKED enum err motion_events_create(const struct motion_settings *settings, motion_report *report, void *user,
                                      struct motion_events **events);
/* What has begun is not reported as ended: motion_events_stop() does that. */
void motion_events_destroy(struct motion_events **events);

/* Takes the detector's result for the frame of that time, and reports what changes. */
void motion_events_feed(struct motion_events *events, const struct detector_result *result, struct motion_time time);
/* Ends what has begun: the camera stops, or motion is switched off. */
void motion_events_stop(struct motion_events *events);

/* The event that has begun and not ended in that zone; NULL: none. Borrowed until the next call. */
const struct motion_event *motion_events_current(const struct motion_events *events, unsigned zone);

#endif
