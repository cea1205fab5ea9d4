/* Polygons in a picture: masks, zones. Their points are fractions of the picture as shown: x from 0 (left) to 1, y from
 * 0 (top) to 1.
 *
 * Ownership: the points are borrowed. Threads: any. */
#ifndef BROKER_FRAME_POLYGON_H
#define BROKER_FRAME_POLYGON_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define POLYGON_POINTS_MIN 3
#define POLYGON_POINTS_MAX 32

struct polygon_point {
    double x, y;
};

struct polygon {
    const struct polygon_point *points; /* the last is joined to the first */
    size_t count;                       /* 0: none */
};

/* ERR_INVALID, with a reason: it has fewer or more points than the limits, one of them lies outside of the picture, two
 * that follow each other are the same, or its sides cross or touch each other. */
CHECKED enum err polygon_check(const struct polygon *polygon, struct reason *reason);
/* Whether a point lies inside. On an edge it may be either; of two polygons that share the edge, it is in one. */
bool polygon_has(const struct polygon *polygon, double x, double y);
/* By their points, in order. */
bool polygon_equal(const struct polygon *a, const struct polygon *b);

#endif
