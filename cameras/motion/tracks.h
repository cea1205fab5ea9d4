/* Movements over time: a blob that is near where one was before is the same movement. One that was seen in N of M
 * frames is confirmed, in each zone by itself. Private to the detector. Threads: one at a time for each. */
#ifndef CAMERAS_MOTION_TRACKS_H
#define CAMERAS_MOTION_TRACKS_H

#include "cameras/motion/blobs.h"
#include "cameras/motion/motion_time.h"

#include <stdbool.h>

#define TRACKS_MAX 64

struct track {
    struct cell_box box;             /* of its last blob */
    uint32_t frames;                 /* since that; 0: this one */
    bool is_confirmed;               /* in any zone, at any time */
    uint16_t seen[MOTION_ZONES_MAX]; /* a bit for each of the last frames that showed it in the zone, bit 0: this one */
    struct motion_time since[MOTION_ZONES_MAX]; /* the first of them without a longer break */
};

struct tracks {
    size_t count;
    struct track entries[TRACKS_MAX];
};

struct track_rules {
    const struct motion_settings *settings;
    size_t zone_count;
    const uint32_t *thresholds; /* the strength at which a blob counts in each zone */
    uint32_t clutter;           /* what is not confirmed has to be much stronger than this, what is, as strong */
};

/* Takes the blobs of the next frame, the strongest first. confirmed[i] is set to the zones in which the movement of a
 * blob is confirmed, and of[i] to its track; NULL: it has none. */
void tracks_follow(struct tracks *tracks, const struct track_rules *rules, const struct blob *blobs, size_t blob_count,
                   struct motion_time time, zone_set confirmed[BLOBS_MAX], const struct track *of[BLOBS_MAX]);

#endif
