#include "cameras/motion/zone_map.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert(MOTION_ZONES_MAX <= 8 * sizeof(zone_set), "a bit for each zone");

#define CROSSINGS_MAX POLYGON_POINTS_MAX

static int compare(const void *a, const void *b) {
    const double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* Where the outline crosses the line through the centres of a row, from left to right. */
static size_t find_crossings(const struct polygon *polygon, double y, double crossings[CROSSINGS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < polygon->count; i++) {
        const struct polygon_point *from = &polygon->points[i], *to = &polygon->points[(i + 1) % polygon->count];
        if ((from->y > y) != (to->y > y) && count < CROSSINGS_MAX) {
            crossings[count++] = from->x + (y - from->y) / (to->y - from->y) * (to->x - from->x);
        }
    }
    qsort(crossings, count, sizeof crossings[0], compare);
    return count;
}

/* The first cell whose centre is not left of x. */
static uint32_t cell_from(double x, uint32_t columns) {
    const double cell = x * columns - 0.5;
    if (!(cell > 0)) {
        return 0;
    }
    if (cell >= columns) {
        return columns;
    }
    const uint32_t whole = (uint32_t)cell;
    return whole < cell ? whole + 1 : whole;
}

/* What a cell becomes that a polygon has: what it is, with the bits of `keep`, and those of `add`. */
struct stroke {
    zone_set keep, add;
};

static void draw(const struct polygon *polygon, uint32_t columns, uint32_t rows, struct stroke stroke, zone_set *map) {
    for (uint32_t row = 0; row < rows; row++) {
        double crossings[CROSSINGS_MAX];
        const size_t count = find_crossings(polygon, (row + 0.5) / rows, crossings);
        for (size_t i = 0; i + 1 < count; i += 2) {
            const uint32_t end = cell_from(crossings[i + 1], columns);
            for (uint32_t column = cell_from(crossings[i], columns); column < end; column++) {
                zone_set *cell = &map[(size_t)row * columns + column];
                *cell = (zone_set)((*cell & stroke.keep) | stroke.add);
            }
        }
    }
}

size_t zone_map_count(const struct motion_settings *settings) {
    assert(settings->zone_count <= MOTION_ZONES_MAX);
    return settings->zone_count > 0 ? settings->zone_count : 1;
}

size_t zone_map_draw(const struct motion_settings *settings, uint32_t columns, uint32_t rows, zone_set *map) {
    const size_t count = (size_t)columns * rows;
    const zone_set all = (zone_set)~0u;
    for (size_t i = 0; i < count; i++) {
        map[i] = settings->zone_count > 0 ? 0 : 1;
    }
    for (size_t i = 0; i < settings->zone_count; i++) {
        draw(&settings->zones[i].polygon, columns, rows, (struct stroke){.keep = all, .add = (zone_set)(1u << i)}, map);
    }
    for (size_t i = 0; i < settings->mask_count; i++) {
        draw(&settings->masks[i], columns, rows, (struct stroke){0}, map);
    }
    size_t watched = 0;
    for (size_t i = 0; i < count; i++) {
        watched += map[i] != 0;
    }
    return watched;
}
