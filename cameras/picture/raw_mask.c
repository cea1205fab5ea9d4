#include "cameras/picture/raw_mask.h"

#include "cameras/picture/draw.h"

static struct mask_geometry geometry_of(const struct frame_info *info) {
    const bool grey = info->format == FRAME_GREY;
    return (struct mask_geometry){.width_px = info->width_px,
                                  .height_px = info->height_px,
                                  .cell_width_px = grey ? 8 : 16,
                                  .cell_height_px = grey ? 8 : 16,
                                  .margin_x_px = grey ? 0 : 2,
                                  .margin_y_px = grey ? 0 : 2};
}

enum err raw_mask_apply(struct mask_grid *grid, const struct polygon *masks, size_t count, struct frame *raw) {
    static const struct colour black = {0, 128, 128};
    const struct mask_geometry geometry = geometry_of(frame_info(raw));
    struct canvas canvas;
    enum err error = canvas_over(raw, &canvas);
    if (error == ERR_OK) {
        error = mask_grid_update(grid, masks, count, &geometry);
    }
    const int width = (int)geometry.cell_width_px, height = (int)geometry.cell_height_px;
    for (uint32_t row = 0; error == ERR_OK && row < grid->rows; row++) {
        for (uint32_t column = 0; column < grid->columns; column++) {
            if (mask_grid_has(grid, column, row)) {
                draw_box(&canvas, (int)column * width, (int)row * height, width, height, black);
            }
        }
    }
    return error;
}
