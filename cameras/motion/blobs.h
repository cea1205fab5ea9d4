/* Blobs: cells that touch each other, by union-find (Rosenfeld and Pfaltz, doi 10.1145/321356.321357: two passes, with
 * a table of equivalent labels). Private to the detector. Threads: one at a time for each. */
#ifndef CAMERAS_MOTION_BLOBS_H
#define CAMERAS_MOTION_BLOBS_H

#include "cameras/motion/zone_map.h"

#define BLOBS_MAX 64

struct cell_box {
    uint32_t left, top, right, bottom; /* the last two are the first behind it */
};

struct blob {
    struct cell_box box;
    uint32_t cells;
    uint32_t label;                      /* of its cells, in labels[] */
    uint32_t strength[MOTION_ZONES_MAX]; /* the sum of its cells' strengths in each zone */
    uint32_t total;                      /* the largest of these */
};

/* A grid of cells. strengths: 0: the cell is not part of any blob. */
struct blob_grid {
    uint32_t columns, rows;
    const uint8_t *strengths;
    const zone_set *zones;
    size_t zone_count;
    uint32_t *labels; /* columns x rows, written: 0, or the label of the cell's blob */
    uint32_t *equal;  /* columns x rows + 1, scratch */
};

/* Cells up to `reach` apart, in both directions, are of one blob: 1: only neighbours. Returns how many there are, the
 * strongest first; at most BLOBS_MAX. */
size_t blobs_find(const struct blob_grid *grid, uint32_t reach, struct blob blobs[BLOBS_MAX]);

#endif
