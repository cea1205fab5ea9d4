/* The motion detector of one camera: what moves in a sequence of small grey pictures.
 *
 * A cell is a sample of the picture that is fed, which is the luma of the camera's at about one eighth
 * (cameras/picture/luma.h). For each cell the detector learns a background and how noisy it is. A cell has changed when
 * it is further from its background than noise and contrast explain, and none of the following explains it: a change of
 * the light that the whole picture shares (tone.h), one that all cells around it share, a camera that shakes (shift.h).
 * Changed cells that touch each other make a blob (blobs.h); one that changes from frame to frame too moves, and what
 * moves in N of M frames, near where it was before, is confirmed (tracks.h). Where rain or uneven light makes blobs all
 * over the picture, only much stronger ones count. What stays is absorbed into the background. When more of the picture
 * changes at once than light_change_percent, it is the light or the camera: the detector says so, and learns the
 * picture anew until less than light_steady_percent changes from one frame to the next.
 *
 *     detector_create() -> detector_feed() ... -> detector_destroy()
 *
 * It is a pure function of the pictures, their times and the settings, computed with integers but for the two equations
 * of a shift: no clock, no thread, no randomness. Memory is allocated by the first picture and by one of another size
 * only.
 * Cost: about 3 ns a cell, and twice that while much has changed.
 * Threads: one at a time for each detector. */
#ifndef CAMERAS_MOTION_DETECTOR_H
#define CAMERAS_MOTION_DETECTOR_H

#include "broker/base/err.h"
#include "cameras/motion/motion_settings.h"
#include "cameras/motion/motion_time.h"
#include "cameras/picture/luma.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger pictures are refused: an eighth of 8192x8192 has 1024x1024. */
#define DETECTOR_SIDE_MAX 1024u
#define DETECTOR_SIDE_MIN 4u
#define MOTION_BOXES_MAX 16
#define MOTION_SCORE_MAX 100

enum detector_state {
    DETECTOR_WATCHING,
    DETECTOR_CALIBRATING, /* it learns the picture: after the start, a gap, another size */
    DETECTOR_IGNORING,    /* so much changed at once that it is the light or the camera; it learns the picture anew */
};

/* In fractions of the picture as fed, which is the one as shown. */
struct motion_box {
    float x, y, width, height;
    uint16_t zones; /* a set: bit i is the zone i, in which it moves */
};

struct zone_result {
    unsigned score;     /* 0 to MOTION_SCORE_MAX: how large and clear is what moves; confirmed or not */
    unsigned threshold; /* a confirmed movement of this score is motion; from the zone's sensitivity */
    bool moving;
    struct motion_time since; /* moving: the first frame that showed what moves now */
};

/* What a cell shows, see detector_result.cells. */
enum {
    CELL_DIFFERS = 1, /* from the background */
    CELL_MOVES = 2,   /* belongs to a confirmed movement */
    CELL_MASKED = 4,  /* is not looked at: in a mask, or in no zone */
};

struct detector_result {
    enum detector_state state;
    const char *why;    /* of the state, in words; "" while watching; static */
    bool moving;        /* in any zone */
    unsigned score;     /* the highest of the zones */
    unsigned threshold; /* of that zone */
    size_t zone_count;  /* at least 1: without zones in the settings the picture is one */
    struct zone_result zones[MOTION_ZONES_MAX];
    size_t box_count;
    struct motion_box boxes[MOTION_BOXES_MAX]; /* of what moves, the largest first */
    unsigned differing_percent;                /* of the cells that are looked at */
    uint32_t columns, rows;
    const uint8_t *cells; /* columns x rows, row by row; borrowed until the next feed */
};

struct detector;

/* settings: borrowed, with what they borrow, for the detector's life. ERR_MEMORY. */
CHECKED enum err detector_create(const struct motion_settings *settings, struct detector **detector);
void detector_destroy(struct detector **detector);

/* The next picture. Times that do not advance count as one frame's period. *result is filled in any case.
 * ERR_INVALID: the picture is not DETECTOR_SIDE_MIN to DETECTOR_SIDE_MAX each way; ERR_MEMORY. After an error the
 * detector learns the next picture anew. */
CHECKED enum err detector_feed(struct detector *detector, const struct luma *picture, struct motion_time time,
                               struct detector_result *result);
/* The next picture is learnt anew: the source was closed meanwhile, or was turned. */
void detector_forget(struct detector *detector);

#endif
