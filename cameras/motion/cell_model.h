/* What a detector has learnt of each cell: the background, how far the picture is usually from it (noise), and for how
 * long something has stood there. cell_compare.h finds what has changed. Private to the detector.
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_MOTION_CELL_MODEL_H
#define CAMERAS_MOTION_CELL_MODEL_H

#include "cameras/motion/motion_settings.h"
#include "cameras/motion/zone_map.h"
#include "cameras/picture/luma.h"

/* Fractions of a level. */
#define BACKGROUND_SCALE 64
#define NOISE_SCALE 256
/* The threshold of cells that are not looked at, which no difference exceeds. */
#define THRESHOLD_NEVER 255

/* How a cell differs from what is known of it. */
enum {
    CELL_STILL = 0,
    CELL_CHANGED = 1, /* from the background */
    CELL_FRESH = 2,   /* from the last pictures too */
};

struct cell_model {
    uint32_t columns, rows;
    size_t count, watched;
    unsigned contrast_levels;
    zone_set *zones;
    uint16_t *background; /* in BACKGROUND_SCALE */
    uint16_t *noise;      /* mean distance, in NOISE_SCALE */
    int16_t *absorbed;    /* how far a changed cell that is not fresh is on the way to be background */
    int64_t absorb_left_ns;
    uint8_t *threshold;   /* from the contrast and the noise; THRESHOLD_NEVER */
    uint8_t *level;       /* the background, in whole levels */
    uint8_t *up, *down;   /* how much brighter and darker the background is half a cell away */
    uint8_t *now;         /* the picture, without gaps */
    uint8_t *before[2];   /* pictures before it, the newer first */
    int64_t before_ns[2]; /* when those were captured */
    uint8_t *state;       /* CELL_STILL, or a set of the others */
    uint8_t *excess;      /* how far a changed cell is beyond its threshold, in sixteenths of that */
    uint8_t *steady;      /* the background as the camera stands now */
    uint8_t *scratch[2];
    uint32_t *sums_now, *sums_steady; /* (columns + 1) x (rows + 1): of cells above and to the left */
};

/* For pictures of that size. ERR_MEMORY. */
CHECKED enum err cell_model_create(const struct motion_settings *settings, uint32_t columns, uint32_t rows,
                                   struct cell_model **model);
void cell_model_destroy(struct cell_model **model);

/* Takes the picture over, as `now`. */
void cell_model_take(struct cell_model *model, const struct luma *picture);
/* The picture is the background from here on, or is blended into it by 1/share. */
void cell_model_learn(struct cell_model *model, int64_t now_ns, unsigned share);
/* The background follows the picture, after it was compared; period_ns: since it did so last. */
void cell_model_adapt(struct cell_model *model, int64_t absorb_ns, int64_t period_ns);
/* The picture becomes one of those before, unless the last of them is hardly older. */
void cell_model_keep(struct cell_model *model, int64_t now_ns);

#endif
