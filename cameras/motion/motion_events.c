#include "cameras/motion/motion_events.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "cameras/motion/motion_schedule.h"
#include "cameras/motion/zone_map.h"

#include <stdlib.h>
#include <string.h>

/* A movement that has not lasted for long enough may pause for so long. */
#define PAUSE_MAX_NS (1 * NS_PER_S)
#define TRACE_EVERY_NS (1 * NS_PER_S)

struct zone_events {
    bool has_begun;
    bool is_pending; /* something moves, but not yet for long enough */
    struct motion_event event;
    int64_t not_before_ns; /* an event does not begin in the one before, nor outside of the hours */
    int64_t trace_every_ns, traced_ns;
};

struct motion_events {
    const struct motion_settings *settings;
    motion_report *report;
    void *user;
    uint64_t last_id;
    size_t zone_count;
    struct zone_events zones[MOTION_ZONES_MAX];
};

enum err motion_events_create(const struct motion_settings *settings, motion_report *report, void *user,
                              struct motion_events **events) {
    struct motion_events *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    created->settings = settings;
    created->report = report;
    created->user = user;
    created->zone_count = zone_map_count(settings);
    for (size_t i = 0; i < created->zone_count; i++) {
        struct motion_event *event = &created->zones[i].event;
        event->zone = (unsigned)i;
        event->zone_name = i < settings->zone_count ? settings->zones[i].name : "";
    }
    *events = created;
    return ERR_OK;
}

void motion_events_destroy(struct motion_events **events) {
    free(*events);
    *events = NULL;
}

/* ---- One zone ---- */

static void report(const struct motion_events *events, const struct zone_events *zone, enum motion_change change) {
    events->report(events->user, change, &zone->event);
}

static void end(const struct motion_events *events, struct zone_events *zone) {
    zone->is_pending = false;
    if (zone->has_begun) {
        zone->has_begun = false;
        zone->not_before_ns = zone->event.end.monotonic_ns;
        report(events, zone, MOTION_ENDED);
    }
}

/* Every second entry is dropped. */
static void thin(struct zone_events *zone) {
    struct motion_event *event = &zone->event;
    for (size_t i = 1; 2 * i < event->trace_count; i++) {
        event->trace[i] = event->trace[2 * i];
    }
    event->trace_count = (event->trace_count + 1) / 2;
    zone->trace_every_ns = multiply_i64(zone->trace_every_ns, 2);
}

static const struct motion_box *largest_box(const struct motion_box *boxes, size_t count) {
    const struct motion_box *largest = NULL;
    for (size_t i = 0; i < count; i++) {
        if (largest == NULL || boxes[i].width * boxes[i].height > largest->width * largest->height) {
            largest = &boxes[i];
        }
    }
    return largest;
}

static void trace(struct zone_events *zone, unsigned score, const struct motion_box *boxes, size_t count,
                  struct motion_time time) {
    struct motion_event *event = &zone->event;
    if (count == 0 ||
        (event->trace_count > 0 && subtract_i64(time.monotonic_ns, zone->traced_ns) < zone->trace_every_ns)) {
        return;
    }
    if (event->trace_count == MOTION_TRACE_MAX) {
        thin(zone);
    }
    zone->traced_ns = time.monotonic_ns;
    event->trace[event->trace_count++] =
        (struct motion_trace_entry){.realtime_ns = time.realtime_ns, .score = score, .box = *largest_box(boxes, count)};
}

static size_t boxes_in(const struct detector_result *result, unsigned zone, struct motion_box boxes[MOTION_BOXES_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < result->box_count; i++) {
        if ((result->boxes[i].zones >> zone & 1) != 0) {
            boxes[count++] = result->boxes[i];
        }
    }
    return count;
}

static void prepare(struct zone_events *zone, struct motion_time begin) {
    struct motion_event *event = &zone->event;
    *event = (struct motion_event){.zone = event->zone, .zone_name = event->zone_name, .begin = begin, .end = begin};
    zone->is_pending = true;
    zone->trace_every_ns = TRACE_EVERY_NS;
}

static void take_id(struct motion_events *events, struct motion_event *event) {
    const uint64_t wanted = event->begin.realtime_ns > 0 ? (uint64_t)(event->begin.realtime_ns / NS_PER_US) : 0;
    event->id = wanted > events->last_id ? wanted : events->last_id + 1;
    events->last_id = event->id;
}

static void take_movement(struct motion_events *events, struct zone_events *zone, const struct detector_result *result,
                          struct motion_time time) {
    struct motion_event *event = &zone->event;
    const struct zone_result *seen = &result->zones[event->zone];
    if (zone->has_begun &&
        subtract_i64(time.monotonic_ns, event->begin.monotonic_ns) >= events->settings->max_duration_ns) {
        end(events, zone);
        prepare(zone, time);
    } else if (!zone->has_begun && !zone->is_pending) {
        prepare(zone, seen->since.monotonic_ns > zone->not_before_ns ? seen->since : time);
    }
    struct motion_box boxes[MOTION_BOXES_MAX];
    const size_t box_count = boxes_in(result, event->zone, boxes);
    event->end = time;
    trace(zone, seen->score, boxes, box_count, time);
    bool is_peak = seen->score > event->score || event->box_count == 0;
    if (is_peak) {
        event->score = seen->score;
        event->peak = time;
        event->box_count = box_count;
        memcpy(event->boxes, boxes, box_count * sizeof boxes[0]);
    }
    if (!zone->has_begun &&
        subtract_i64(time.monotonic_ns, seen->since.monotonic_ns) >= events->settings->min_duration_ns) {
        zone->has_begun = true;
        zone->is_pending = false;
        take_id(events, event);
        event->reported = time;
        report(events, zone, MOTION_BEGAN);
        is_peak = true;
    }
    if (zone->has_begun && is_peak) {
        report(events, zone, MOTION_PEAKED);
    }
}

static void take_stillness(const struct motion_events *events, struct zone_events *zone, struct motion_time time) {
    const int64_t still_ns = subtract_i64(time.monotonic_ns, zone->event.end.monotonic_ns);
    if (zone->has_begun && still_ns >= events->settings->cooldown_ns) {
        end(events, zone);
    } else if (zone->is_pending && still_ns >= PAUSE_MAX_NS) {
        zone->is_pending = false;
    }
}

/* ---- All zones ---- */

void motion_events_feed(struct motion_events *events, const struct detector_result *result, struct motion_time time) {
    if (!motion_schedule_is_active(events->settings, time.realtime_ns)) {
        motion_events_stop(events);
        for (size_t i = 0; i < events->zone_count; i++) {
            events->zones[i].not_before_ns = time.monotonic_ns;
        }
        return;
    }
    for (size_t i = 0; i < events->zone_count; i++) {
        if (result->zones[i].moving) {
            take_movement(events, &events->zones[i], result, time);
        } else {
            take_stillness(events, &events->zones[i], time);
        }
    }
}

void motion_events_stop(struct motion_events *events) {
    for (size_t i = 0; i < events->zone_count; i++) {
        end(events, &events->zones[i]);
    }
}

const struct motion_event *motion_events_current(const struct motion_events *events, unsigned zone) {
    return zone < events->zone_count && events->zones[zone].has_begun ? &events->zones[zone].event : NULL;
}
