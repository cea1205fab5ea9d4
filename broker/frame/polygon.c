#include "broker/frame/polygon.h"

/* ---- Checking ---- */

struct side {
    const struct polygon_point *from, *to;
};

static struct side side_at(const struct polygon *polygon, size_t index) {
    return (struct side){&polygon->points[index], &polygon->points[(index + 1) % polygon->count]};
}

static bool are_same(const struct polygon_point *a, const struct polygon_point *b) {
    return a->x == b->x && a->y == b->y;
}

/* Above 0: c is to one side of the line from a to b; below 0: to the other; 0: on it. */
static double turn(const struct polygon_point *a, const struct polygon_point *b, const struct polygon_point *c) {
    return (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);
}

static bool is_between(double value, double a, double b) {
    return (value >= a && value <= b) || (value >= b && value <= a);
}

/* Of a point on the side's line. */
static bool is_on_side(const struct side *side, const struct polygon_point *point) {
    return is_between(point->x, side->from->x, side->to->x) && is_between(point->y, side->from->y, side->to->y);
}

static bool sides_meet(const struct side *a, const struct side *b) {
    const double from = turn(a->from, a->to, b->from), to = turn(a->from, a->to, b->to);
    const double other_from = turn(b->from, b->to, a->from), other_to = turn(b->from, b->to, a->to);
    if (((from > 0 && to < 0) || (from < 0 && to > 0)) &&
        ((other_from > 0 && other_to < 0) || (other_from < 0 && other_to > 0))) {
        return true;
    }
    return (from == 0 && is_on_side(a, b->from)) || (to == 0 && is_on_side(a, b->to)) ||
           (other_from == 0 && is_on_side(b, a->from)) || (other_to == 0 && is_on_side(b, a->to));
}

/* Of two sides that share the point `to` of the first: whether the second runs back along the first. */
static bool folds_back(const struct side *first, const struct side *second) {
    return turn(first->from, first->to, second->to) == 0 &&
           (first->from->x - first->to->x) * (second->to->x - first->to->x) +
                   (first->from->y - first->to->y) * (second->to->y - first->to->y) >
               0;
}

static enum err check_points(const struct polygon *polygon, struct reason *reason) {
    for (size_t i = 0; i < polygon->count; i++) {
        const struct polygon_point *point = &polygon->points[i];
        if (!(point->x >= 0 && point->x <= 1 && point->y >= 0 && point->y <= 1)) {
            reason_set(reason, "point %zu lies outside of the picture: x and y must be between 0 and 1", i + 1);
            return ERR_INVALID;
        }
        const struct side side = side_at(polygon, i);
        if (are_same(side.from, side.to)) {
            reason_set(reason, "points %zu and %zu are the same", i + 1, (i + 1) % polygon->count + 1);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}

static bool is_crossing(const struct polygon *polygon, size_t first, size_t second) {
    const struct side a = side_at(polygon, first), b = side_at(polygon, second);
    if (second == first + 1) {
        return folds_back(&a, &b);
    }
    if ((second + 1) % polygon->count == first) {
        return folds_back(&b, &a);
    }
    return sides_meet(&a, &b);
}

enum err polygon_check(const struct polygon *polygon, struct reason *reason) {
    if (polygon->count < POLYGON_POINTS_MIN || polygon->count > POLYGON_POINTS_MAX) {
        reason_set(reason, "must have between %d and %d points (got %zu)", POLYGON_POINTS_MIN, POLYGON_POINTS_MAX,
                   polygon->count);
        return ERR_INVALID;
    }
    enum err error = check_points(polygon, reason);
    for (size_t i = 0; i < polygon->count && error == ERR_OK; i++) {
        for (size_t j = i + 1; j < polygon->count && error == ERR_OK; j++) {
            if (is_crossing(polygon, i, j)) {
                reason_set(reason, "must not cross itself: the side from point %zu meets the one from point %zu", i + 1,
                           j + 1);
                error = ERR_INVALID;
            }
        }
    }
    return error;
}

/* ---- Using ---- */

/* By the even-odd rule: a ray to the right crosses the outline an odd number of times. */
bool polygon_has(const struct polygon *polygon, double x, double y) {
    bool inside = false;
    for (size_t i = 0; i < polygon->count; i++) {
        const struct side side = side_at(polygon, i);
        if ((side.from->y > y) != (side.to->y > y) &&
            x < side.from->x + (y - side.from->y) / (side.to->y - side.from->y) * (side.to->x - side.from->x)) {
            inside = !inside;
        }
    }
    return inside;
}

bool polygon_equal(const struct polygon *a, const struct polygon *b) {
    bool equal = a->count == b->count;
    for (size_t i = 0; i < a->count && equal; i++) {
        equal = are_same(&a->points[i], &b->points[i]);
    }
    return equal;
}
