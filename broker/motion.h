/* Motion in a camera's pictures, as the broker knows it: what was found, for those that show it or act on it. Plain
 * data; cameras/motion finds it.
 *
 * Places are fractions of the picture as shown, from its upper left corner. A score is from 0 to 100: how large and
 * clear is what moves.
 * Threads: any. */
#ifndef BROKER_MOTION_H
#define BROKER_MOTION_H

#include "broker/frame/polygon.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOTION_PLACES_MAX 8
#define MOTION_PATH_MAX 16
#define MOTION_REGION_NAME_MAX_BYTES 64

struct motion_place {
    float x, y, width, height;
};

/* Where the largest of what moves was at a time of the event. */
struct motion_step {
    int64_t at_realtime_ns;
    struct motion_place place;
};

/* An event: something moves, from its begin to its end. */
struct motion_record {
    uint64_t id; /* of the camera; later events have greater ones, after a restart too */
    char zone[MOTION_REGION_NAME_MAX_BYTES + 1]; /* "": the camera has no zones */
    int64_t began_realtime_ns;                   /* when the first picture that shows it was captured */
    int64_t ended_realtime_ns;                   /* likewise the last; 0: it lasts */
    unsigned score;                              /* the highest so far */
    unsigned place_count;
    struct motion_place places[MOTION_PLACES_MAX]; /* in the picture of that score, the largest first */
    unsigned step_count;                           /* 0 while it lasts */
    struct motion_step path[MOTION_PATH_MAX];
};

/* What status shows of a camera. */
struct motion_status {
    bool is_configured; /* false: the camera is not watched, and the rest is 0 */
    bool is_active;     /* it makes events now: it is not switched off, and its hours have it so */
    bool is_moving;     /* an event lasts */
    unsigned score;     /* of the newest picture that was looked at */
    uint64_t events;    /* that have begun since the camera was added */
};

/* A part of the picture that has events of its own. */
struct motion_region {
    char name[MOTION_REGION_NAME_MAX_BYTES + 1];
    struct polygon polygon; /* without points: the whole picture */
    unsigned sensitivity;   /* 1 to 100; 0: the camera's */
};

/* What the newest picture shows of such a part. */
struct motion_level {
    unsigned score, threshold; /* from the threshold on, what moves is motion */
    bool is_moving;            /* an event lasts */
};

#endif
