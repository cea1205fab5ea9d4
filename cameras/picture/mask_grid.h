/* Which cells of a picture privacy masks touch. A cell is a unit that is masked as a whole, such as the blocks of a
 * JPEG that share their colour, so that what is masked cannot show at its edge.
 *
 * Lifecycle: zeroed; mask_grid_update() before each picture; mask_grid_finish().
 * Threads: one at a time. */
#ifndef CAMERAS_PICTURE_MASK_GRID_H
#define CAMERAS_PICTURE_MASK_GRID_H

#include "broker/frame/polygon.h"

#include <stdint.h>

/* Of the picture as shown. Decoders that interpolate colour let a sample show in the pixels around it: masks grow by
 * that margin, then to whole cells. */
struct mask_geometry {
    uint32_t width_px, height_px;
    uint32_t cell_width_px, cell_height_px;
    uint32_t margin_x_px, margin_y_px;
};

struct mask_grid {
    struct mask_geometry geometry;
    uint32_t columns, rows;
    bool *cells; /* row by row: whether it is masked */
    size_t capacity;
};

/* Does nothing where the geometry is the same as before; the masks have to be, too. Sizes are not 0. ERR_MEMORY. */
CHECKED enum err mask_grid_update(struct mask_grid *grid, const struct polygon *masks, size_t count,
                                  const struct mask_geometry *geometry);
void mask_grid_finish(struct mask_grid *grid);

/* False beyond the picture. */
static inline bool mask_grid_has(const struct mask_grid *grid, uint32_t column, uint32_t row) {
    return column < grid->columns && row < grid->rows && grid->cells[(size_t)row * grid->columns + column];
}

#endif
