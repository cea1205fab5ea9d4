#include "cameras/supervisor/motion_publisher.h"

#include <stdio.h>
#include <string.h>

static struct motion_place place_of(const struct motion_box *box) {
    return (struct motion_place){box->x, box->y, box->width, box->height};
}

static unsigned copy_places(const struct motion_box *boxes, size_t count, struct motion_place *places) {
    unsigned copied = 0;
    while (copied < count && copied < MOTION_PLACES_MAX) {
        places[copied] = place_of(&boxes[copied]);
        copied++;
    }
    return copied;
}

/* Evenly, if there are more than fit. */
static void copy_path(const struct motion_event *event, struct motion_record *record) {
    const size_t step = (event->trace_count + MOTION_PATH_MAX - 1) / MOTION_PATH_MAX;
    for (size_t i = 0; i < event->trace_count; i += step) {
        const struct motion_trace_entry *entry = &event->trace[i];
        record->path[record->step_count++] = (struct motion_step){entry->realtime_ns, place_of(&entry->box)};
    }
}

static void publish(const struct motion_publisher *publisher, enum event_log_kind kind,
                    const struct motion_event *event) {
    struct event_log_entry entry = {.kind = kind};
    snprintf(entry.camera, sizeof entry.camera, "%s", topic_id(publisher->topic));
    struct motion_record *record = &entry.motion;
    snprintf(record->zone, sizeof record->zone, "%s", event->zone_name);
    record->id = event->id;
    record->began_realtime_ns = event->begin.realtime_ns;
    record->score = event->score;
    record->place_count = copy_places(event->boxes, event->box_count, record->places);
    if (kind == EVENT_LOG_MOTION_ENDED) {
        record->ended_realtime_ns = event->end.realtime_ns;
        copy_path(event, record);
    }
    event_log_publish(publisher->event_log, &entry);
}

void motion_publisher_report(void *user, enum motion_change change, const struct motion_event *event) {
    const struct motion_publisher *publisher = user;
    struct motion_port *port = topic_motion(publisher->topic);
    if (change != MOTION_ENDED && publisher->jpeg != NULL) {
        motion_port_keep(port, event->id, publisher->jpeg);
    }
    if (change == MOTION_BEGAN) {
        motion_port_begin(port);
        publish(publisher, EVENT_LOG_MOTION_BEGAN, event);
    } else if (change == MOTION_ENDED) {
        publish(publisher, EVENT_LOG_MOTION_ENDED, event);
    }
}

static const char *state_word(enum detector_state state) {
    switch (state) {
    case DETECTOR_WATCHING: return "watching";
    case DETECTOR_CALIBRATING: return "calibrating";
    case DETECTOR_IGNORING: return "ignoring";
    }
    return "off";
}

void motion_publisher_layout(const struct motion_settings *settings, struct arena *arena,
                             struct motion_layout *layout) {
    *layout = (struct motion_layout){
        .masks = settings->masks, .mask_count = settings->mask_count, .region_count = 1, .arena = arena};
    for (unsigned i = 0; i < settings->zone_count && i < MOTION_REGIONS_MAX; i++) {
        struct motion_region *region = &layout->regions[i];
        snprintf(region->name, sizeof region->name, "%s", settings->zones[i].name);
        region->polygon = settings->zones[i].polygon;
        region->sensitivity = settings->zones[i].sensitivity;
        layout->region_count = i + 1;
    }
}

void motion_publisher_sight(const struct detector_result *result, struct motion_sight *sight) {
    *sight = (struct motion_sight){.state = state_word(result->state),
                                   .why = result->why,
                                   .score = result->score,
                                   .threshold = result->threshold,
                                   .columns = result->columns,
                                   .rows = result->rows};
    sight->place_count = copy_places(result->boxes, result->box_count, sight->places);
    for (size_t i = 0; i < result->zone_count && i < MOTION_REGIONS_MAX; i++) {
        sight->levels[i] = (struct motion_level){result->zones[i].score, result->zones[i].threshold, false};
    }
}
