#include "cameras/motion/shift.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SHIFT_BITS 8
#define DIFFERENCE_MAX 60
#define EDGE 3 /* more than a shift is */

/* Twice the gradients at a cell that is not at the edge. */
static int gradient_x(const uint8_t *cell) { return cell[1] - cell[-1]; }
static int gradient_y(const uint8_t *cell, uint32_t columns) { return cell[columns] - *(cell - columns); }

struct sums {
    int64_t xx, xy, yy, x, y;
};

/* Differences beyond `most` do not count: something else is there. */
static struct sums add_up(const uint8_t *expected, const uint8_t *now, const zone_set *zones, uint32_t columns,
                          uint32_t rows, int most) {
    struct sums sums = {0};
    for (uint32_t row = 1; row + 1 < rows; row++) {
        int32_t xx = 0, xy = 0, yy = 0, x = 0, y = 0; /* of a row: 1024 cells of at most 255 * 255 */
        for (uint32_t column = 1; column + 1 < columns; column++) {
            const size_t i = (size_t)row * columns + column;
            const int difference = now[i] - expected[i];
            const int counts = zones[i] != 0 && abs(difference) <= most;
            const int across = gradient_x(expected + i) * counts, down = gradient_y(expected + i, columns) * counts;
            xx += across * across;
            xy += across * down;
            yy += down * down;
            x += across * difference;
            y += down * difference;
        }
        sums.xx += xx;
        sums.xy += xy;
        sums.yy += yy;
        sums.x += x;
        sums.y += y;
    }
    return sums;
}

/* Of the shift that is left; in SHIFT_SCALE. */
static struct shift solve(const struct sums *sums) {
    /* Cramer's rule. The gradients are twice as large as they are: so is the shift. */
    const double xx = (double)sums->xx, xy = (double)sums->xy, yy = (double)sums->yy;
    const double determinant = xx * yy - xy * xy;
    if (determinant < 1) {
        return (struct shift){0};
    }
    const double x = ((double)sums->x * yy - (double)sums->y * xy) / determinant * 2 * SHIFT_SCALE;
    const double y = ((double)sums->y * xx - (double)sums->x * xy) / determinant * 2 * SHIFT_SCALE;
    const double most = SHIFT_SCALE;
    return (struct shift){.x = (int)(x > most    ? most
                                     : x < -most ? -most
                                                 : x),
                          .y = (int)(y > most    ? most
                                     : y < -most ? -most
                                                 : y)};
}

struct shift shift_find(const uint8_t *expected, const uint8_t *now, const zone_set *zones, uint32_t columns,
                        uint32_t rows, uint8_t *scratch) {
    struct sums sums = add_up(expected, now, zones, columns, rows, DIFFERENCE_MAX);
    const struct shift first = solve(&sums);
    if (abs(first.x) < SHIFT_SCALE / 16 && abs(first.y) < SHIFT_SCALE / 16) {
        return (struct shift){0};
    }
    shift_apply(first, expected, columns, rows, scratch);
    sums = add_up(scratch, now, zones, columns, rows, DIFFERENCE_MAX / 2);
    const struct shift second = solve(&sums);
    return (struct shift){.x = first.x + second.x, .y = first.y + second.y};
}

/* Bilinear; the shift is at most two cells, and the outermost cells stay. */
void shift_apply(struct shift shift, const uint8_t *from, uint32_t columns, uint32_t rows, uint8_t *to) {
    memcpy(to, from, (size_t)columns * rows);
    /* What is seen here was there. */
    const int whole_x = shift.x >> SHIFT_BITS, whole_y = shift.y >> SHIFT_BITS;
    const int right = shift.x & (SHIFT_SCALE - 1), below = shift.y & (SHIFT_SCALE - 1);
    const int left = SHIFT_SCALE - right, above = SHIFT_SCALE - below;
    for (int row = EDGE; row + EDGE < (int)rows; row++) {
        const uint8_t *upper = from + (ptrdiff_t)(row + whole_y) * (ptrdiff_t)columns + whole_x;
        const uint8_t *lower = upper + columns;
        uint8_t *out = to + (ptrdiff_t)row * (ptrdiff_t)columns;
        for (int i = EDGE; i + EDGE < (int)columns; i++) {
            out[i] = (uint8_t)(((upper[i] * left + upper[i + 1] * right) * above +
                                (lower[i] * left + lower[i + 1] * right) * below + SHIFT_SCALE * SHIFT_SCALE / 2) >>
                               2 * SHIFT_BITS);
        }
    }
}

void shift_clear_edge(uint32_t columns, uint32_t rows, uint8_t *cells) {
    for (uint32_t row = 0; row < rows; row++) {
        uint8_t *across = cells + (size_t)row * columns;
        if (row < EDGE || row + EDGE >= rows || columns <= 2 * EDGE) {
            memset(across, 0, columns);
        } else {
            memset(across, 0, EDGE);
            memset(across + columns - EDGE, 0, EDGE);
        }
    }
}
