#include "cameras/picture/mask_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A polygon that ends where a cell begins does not touch it. */
#define TOUCH_PX 1e-3

struct line {
    double x1, y1, x2, y2; /* in pixels */
};

static struct line side_at(const struct mask_grid *grid, const struct polygon *mask, size_t index) {
    const struct polygon_point *from = &mask->points[index], *to = &mask->points[(index + 1) % mask->count];
    const double width = grid->geometry.width_px, height = grid->geometry.height_px;
    return (struct line){from->x * width, from->y * height, to->x * width, to->y * height};
}

/* The cell that has a coordinate, which may lie beside the picture. */
static uint32_t cell_at(double px, uint32_t cell_px, uint32_t count) {
    const double cell = floor(px / cell_px);
    return cell < 0 ? 0 : cell >= count ? count - 1 : (uint32_t)cell;
}

static void mask_cells(struct mask_grid *grid, uint32_t row, double left_px, double right_px) {
    const uint32_t cell_px = grid->geometry.cell_width_px;
    const uint32_t first = cell_at(left_px, cell_px, grid->columns);
    const uint32_t last = cell_at(right_px, cell_px, grid->columns);
    for (uint32_t column = first; column <= last; column++) {
        grid->cells[(size_t)row * grid->columns + column] = true;
    }
}

/* The cells that a side passes, or comes near to. */
static void mask_side(struct mask_grid *grid, struct line side) {
    const struct mask_geometry *geometry = &grid->geometry;
    const double reach_x = geometry->margin_x_px - TOUCH_PX, reach_y = geometry->margin_y_px - TOUCH_PX;
    const double upper = fmin(side.y1, side.y2) - reach_y, lower = fmax(side.y1, side.y2) + reach_y;
    const uint32_t last = cell_at(lower, geometry->cell_height_px, grid->rows);
    for (uint32_t row = cell_at(upper, geometry->cell_height_px, grid->rows); row <= last; row++) {
        /* From where to where along the side, 0 to 1, it is in the row. */
        const double top = (double)row * geometry->cell_height_px - reach_y;
        const double bottom = (double)(row + 1) * geometry->cell_height_px + reach_y;
        double from = 0, to = 1;
        if (side.y1 != side.y2) {
            const double at_top = (top - side.y1) / (side.y2 - side.y1);
            const double at_bottom = (bottom - side.y1) / (side.y2 - side.y1);
            from = fmin(1, fmax(0, fmin(at_top, at_bottom)));
            to = fmax(0, fmin(1, fmax(at_top, at_bottom)));
        }
        const double x1 = side.x1 + from * (side.x2 - side.x1), x2 = side.x1 + to * (side.x2 - side.x1);
        mask_cells(grid, row, fmin(x1, x2) - reach_x, fmax(x1, x2) + reach_x);
    }
}

static int compare_doubles(const void *a, const void *b) {
    const double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* The cells whose middle lies inside: with those of the sides, all that are touched. */
static void mask_inside(struct mask_grid *grid, const struct polygon *mask) {
    const uint32_t cell_px = grid->geometry.cell_width_px;
    for (uint32_t row = 0; row < grid->rows; row++) {
        const double y = ((double)row + 0.5) * grid->geometry.cell_height_px;
        double crossings[POLYGON_POINTS_MAX] = {0};
        size_t count = 0;
        for (size_t i = 0; i < mask->count; i++) {
            const struct line side = side_at(grid, mask, i);
            if ((side.y1 > y) != (side.y2 > y)) {
                crossings[count++] = side.x1 + (y - side.y1) / (side.y2 - side.y1) * (side.x2 - side.x1);
            }
        }
        qsort(crossings, count, sizeof crossings[0], compare_doubles);
        for (size_t i = 0; i + 1 < count; i += 2) {
            const double first = crossings[i] + cell_px / 2.0, last = crossings[i + 1] - cell_px / 2.0;
            if (first <= last) {
                mask_cells(grid, row, first, last);
            }
        }
    }
}

static bool is_same(const struct mask_geometry *a, const struct mask_geometry *b) {
    return a->width_px == b->width_px && a->height_px == b->height_px && a->cell_width_px == b->cell_width_px &&
           a->cell_height_px == b->cell_height_px && a->margin_x_px == b->margin_x_px &&
           a->margin_y_px == b->margin_y_px;
}

enum err mask_grid_update(struct mask_grid *grid, const struct polygon *masks, size_t count,
                          const struct mask_geometry *geometry) {
    if (is_same(&grid->geometry, geometry)) {
        return ERR_OK;
    }
    grid->geometry = (struct mask_geometry){0}; /* until it is done */
    grid->columns = (geometry->width_px + geometry->cell_width_px - 1) / geometry->cell_width_px;
    grid->rows = (geometry->height_px + geometry->cell_height_px - 1) / geometry->cell_height_px;
    const size_t needed = (size_t)grid->columns * grid->rows;
    if (needed > grid->capacity) {
        bool *cells = realloc(grid->cells, needed * sizeof *cells);
        if (cells == NULL) {
            grid->columns = grid->rows = 0;
            return ERR_MEMORY;
        }
        grid->cells = cells;
        grid->capacity = needed;
    }
    memset(grid->cells, 0, needed * sizeof *grid->cells);
    grid->geometry = *geometry;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < masks[i].count; j++) {
            mask_side(grid, side_at(grid, &masks[i], j));
        }
        mask_inside(grid, &masks[i]);
    }
    return ERR_OK;
}

void mask_grid_finish(struct mask_grid *grid) {
    free(grid->cells);
    *grid = (struct mask_grid){.columns = 0};
}
