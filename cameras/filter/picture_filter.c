#include "cameras/filter/picture_filter.h"

#include "cameras/filter/caption.h"
#include "cameras/filter/turn.h"
#include "cameras/picture/raw_mask.h"
#include "cameras/picture/raw_picture.h"

#include <stdlib.h>

/* Rows that are turned at a time, so that columns are written in runs that fill a cache line. */
#define TURN_ROWS 64

struct picture_filter {
    struct frame_pool *pool;
    const struct picture_filter_settings *settings;
    struct turn turn; /* of the picture at hand */
    uint8_t *rows;    /* for turning */
    size_t rows_bytes;
    struct mask_grid grid;
    struct caption *caption; /* NULL: none */
};

/* ---- Turning ---- */

/* Where in the turned plane a sample is: origin + x * across + y * down. */
struct mapping {
    ptrdiff_t origin, across, down;
};

static struct mapping map_plane(struct turn turn, uint32_t width, uint32_t height) {
    ptrdiff_t turned_width = (ptrdiff_t)(turn.transpose ? height : width);
    ptrdiff_t turned_height = (ptrdiff_t)(turn.transpose ? width : height);
    ptrdiff_t sideways = turn.mirror_x ? -1 : 1;
    ptrdiff_t downward = turn.mirror_y ? -turned_width : turned_width;
    return (struct mapping){
        .origin = (turn.mirror_x ? turned_width - 1 : 0) + (turn.mirror_y ? (turned_height - 1) * turned_width : 0),
        .across = turn.transpose ? downward : sideways,
        .down = turn.transpose ? sideways : downward,
    };
}

static void turn_rows(uint8_t *restrict to, struct mapping mapping, const uint8_t *const rows[], uint32_t row_count,
                      uint32_t width) {
    if (mapping.across == 1 || mapping.across == -1) {
        for (uint32_t row = 0; row < row_count; row++) {
            for (uint32_t x = 0; x < width; x++) {
                to[(ptrdiff_t)row * mapping.down + (ptrdiff_t)x * mapping.across] = rows[row][x];
            }
        }
        return;
    }
    for (uint32_t x = 0; x < width; x++) {
        for (uint32_t row = 0; row < row_count; row++) {
            to[(ptrdiff_t)row * mapping.down + (ptrdiff_t)x * mapping.across] = rows[row][x];
        }
    }
}

static void turn_plane(struct picture_filter *filter, const struct raw_component *component, uint8_t *plane) {
    const uint32_t width = component->width, height = component->height;
    const struct mapping mapping = map_plane(filter->turn, width, height);
    for (uint32_t top = 0; top < height; top += TURN_ROWS) {
        const uint8_t *rows[TURN_ROWS];
        uint32_t count = height - top < TURN_ROWS ? height - top : TURN_ROWS;
        for (uint32_t i = 0; i < count; i++) {
            rows[i] = raw_component_row(component, top + i, width, filter->rows + (size_t)i * width);
        }
        turn_rows(plane + mapping.origin + (ptrdiff_t)top * mapping.down, mapping, rows, count, width);
    }
}

static enum err turn(struct picture_filter *filter, struct frame **raw) {
    struct raw_picture picture;
    enum err error = raw_picture_init(&picture, *raw, false, NULL);
    if (error != ERR_OK) {
        return error;
    }
    size_t bytes = 0;
    for (unsigned i = 0; i < picture.component_count; i++) {
        bytes += (size_t)picture.components[i].width * picture.components[i].height;
    }
    size_t rows_bytes = (size_t)picture.components[0].width * TURN_ROWS;
    if (rows_bytes > filter->rows_bytes) {
        uint8_t *rows = realloc(filter->rows, rows_bytes);
        if (rows == NULL) {
            return ERR_MEMORY;
        }
        filter->rows = rows;
        filter->rows_bytes = rows_bytes;
    }
    struct frame *turned;
    error = frame_create(filter->pool, bytes, &turned);
    if (error != ERR_OK) {
        return error;
    }
    uint8_t *plane = frame_data(turned);
    for (unsigned i = 0; i < picture.component_count; i++) {
        turn_plane(filter, &picture.components[i], plane);
        plane += (size_t)picture.components[i].width * picture.components[i].height;
    }
    frame_set_size(turned, bytes);
    struct frame_info *info = frame_edit_info(turned);
    *info = *frame_info(*raw);
    info->format = picture.component_count == 1 ? FRAME_GREY : FRAME_I420;
    info->stride_px = 0;
    info->limited_range = false;
    if (filter->turn.transpose) {
        info->width_px = picture.components[0].height;
        info->height_px = picture.components[0].width;
    }
    frame_unref(raw);
    *raw = turned;
    return ERR_OK;
}

/* ---- Writing ---- */

static enum err write_caption(struct picture_filter *filter, struct frame *raw) {
    struct canvas canvas;
    struct caption_size size;
    enum err error = canvas_over(raw, &canvas);
    if (error == ERR_OK) {
        error = caption_prepare(filter->caption, frame_info(raw)->captured_realtime_ns, frame_info(raw)->width_px,
                                frame_info(raw)->height_px, &size);
    }
    if (error == ERR_OK) {
        caption_draw(filter->caption, &canvas);
    }
    return error;
}

/* ---- All ---- */

bool picture_filter_is_wanted(const struct picture_filter_settings *settings) {
    return settings->turn_degrees != 0 || settings->flip != FLIP_NONE || settings->caption.is_shown ||
           settings->mask_count > 0;
}

enum err picture_filter_create(struct frame_pool *pool, const struct picture_filter_settings *settings,
                               const char *name, struct picture_filter **filter) {
    struct picture_filter *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    *created = (struct picture_filter){.pool = pool, .settings = settings};
    if (settings->caption.is_shown && caption_create(&settings->caption, name, &created->caption) != ERR_OK) {
        free(created);
        return ERR_MEMORY;
    }
    *filter = created;
    return ERR_OK;
}

void picture_filter_destroy(struct picture_filter **filter) {
    if (*filter == NULL) {
        return;
    }
    caption_destroy(&(*filter)->caption);
    mask_grid_finish(&(*filter)->grid);
    free((*filter)->rows);
    free(*filter);
    *filter = NULL;
}

enum err picture_filter_apply(struct picture_filter *filter, struct frame **raw) {
    const struct turn upright = turn_from_exif(frame_info(*raw)->orientation);
    filter->turn = turn_compose(upright, turn_from_settings(filter->settings));
    enum err error = turn_is_none(filter->turn) ? ERR_OK : turn(filter, raw);
    if (error == ERR_OK) {
        frame_edit_info(*raw)->orientation = 0;
    }
    if (error == ERR_OK && filter->settings->mask_count > 0) {
        error = raw_mask_apply(&filter->grid, filter->settings->masks, filter->settings->mask_count, *raw);
    }
    if (error == ERR_OK && filter->caption != NULL) {
        error = write_caption(filter, *raw);
    }
    return error;
}
