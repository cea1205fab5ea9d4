/* Where a camera's motion detector and those that look at its results meet: the state of the detector, what it saw in
 * the newest picture, the switch, and a picture of each recent event.
 *
 * Lifecycle: part of a topic, see topic_motion(). The switch and the count of events stay when the camera is configured
 * again.
 * Threads: any. */
#ifndef BROKER_MOTION_PORT_H
#define BROKER_MOTION_PORT_H

#include "broker/base/arena.h"
#include "broker/base/sync.h"
#include "broker/frame/frame.h"
#include "broker/motion.h"

/* Pictures of events are kept up to both limits; the oldest go first. The newest is kept in any case. */
#define MOTION_PICTURES_MAX 16
#define MOTION_PICTURES_MAX_BYTES ((size_t)8 << 20)
#define MOTION_CELLS_MAX ((size_t)1024 * 1024)
#define MOTION_REGIONS_MAX 16

/* A part of the picture as the detector sees it. */
enum motion_cell {
    MOTION_CELL_STILL,
    MOTION_CELL_IGNORED, /* in a mask, or outside of all zones */
    MOTION_CELL_CHANGED, /* it differs from the background */
    MOTION_CELL_MOVING,  /* part of what moves */
};

/* Where the detector looks; borrowed from the arena, but for the regions, whose points are. */
struct motion_layout {
    const struct polygon *masks;
    size_t mask_count;
    struct motion_region regions[MOTION_REGIONS_MAX]; /* the zones; without zones one that is the whole picture */
    unsigned region_count;
    struct arena *arena; /* NULL: static */
};

/* What the detector saw in one picture. */
struct motion_sight {
    const char *state; /* "off", "calibrating", "ignoring" or "watching"; static */
    const char *why;   /* the reason in words; "": none; static */
    bool is_moving;    /* an event lasts */
    unsigned score, threshold;
    unsigned place_count;
    struct motion_place places[MOTION_PLACES_MAX];  /* of what moves */
    struct motion_level levels[MOTION_REGIONS_MAX]; /* of the regions of the layout, in order */
    uint32_t columns, rows;
    const uint8_t *cells; /* columns * rows of enum motion_cell, row by row; NULL: none */
};

struct motion_picture {
    uint64_t event;
    struct frame *frame; /* a reference */
};

/* The fields are private. */
struct motion_port {
    struct lock lock;
    bool is_configured GUARDED_BY(lock), is_scheduled GUARDED_BY(lock), is_switched_off GUARDED_BY(lock);
    uint64_t events GUARDED_BY(lock);
    struct motion_layout layout GUARDED_BY(lock); /* with a reference to the arena */
    struct motion_sight sight GUARDED_BY(lock);
    uint8_t *cells GUARDED_BY(lock);
    size_t cell_capacity GUARDED_BY(lock);
    struct motion_picture pictures[MOTION_PICTURES_MAX] GUARDED_BY(lock); /* the oldest first */
    size_t picture_count GUARDED_BY(lock);
    uint64_t generation GUARDED_BY(lock); /* older frames may not be shown any more */
};

void motion_port_init(struct motion_port *port);
void motion_port_finish(struct motion_port *port);

/* ---- The detector ---- */

/* The layout is copied, with a reference to the arena. The sight is cleared. */
void motion_port_configure(struct motion_port *port, const struct motion_layout *layout);
/* The camera is not watched any longer. */
void motion_port_close(struct motion_port *port);
/* Whether the hours allow events now. */
void motion_port_set_scheduled(struct motion_port *port, bool is_scheduled);
bool motion_port_is_switched_off(struct motion_port *port);
/* What the newest picture shows; copied. Without memory for the cells there are none. */
void motion_port_show(struct motion_port *port, const struct motion_sight *sight);
/* No picture is looked at: nothing moves. */
void motion_port_clear(struct motion_port *port);
/* An event has begun, or the last one that lasted has ended. */
void motion_port_begin(struct motion_port *port);
void motion_port_end(struct motion_port *port);
/* Keeps a reference to a JPEG frame as the picture of an event, in place of one that it may have; unless the frame is
 * of an older generation. */
void motion_port_keep(struct motion_port *port, uint64_t event, struct frame *frame);

/* Drops the pictures: topic_begin_generation(). */
void motion_port_begin_generation(struct motion_port *port, uint64_t generation);

/* ---- The others ---- */

struct motion_status motion_port_status(struct motion_port *port);
/* Until the next start of the program. False: the camera is not watched, and nothing has changed. */
CHECKED bool motion_port_switch(struct motion_port *port, bool on);
/* The picture of an event, as a new reference; NULL: there is none, or none any longer. */
struct frame *motion_port_picture(struct motion_port *port, uint64_t event);

/* Everything, of one moment. */
struct motion_view {
    struct motion_status status;
    struct motion_sight sight;   /* cells: owned by the view */
    struct motion_layout layout; /* with a reference to the arena */
};

/* ERR_UNSUPPORTED: the camera is not watched; ERR_MEMORY. Finish it to free it. */
CHECKED enum err motion_port_view(struct motion_port *port, struct motion_view *view);
void motion_view_finish(struct motion_view *view);

#endif
