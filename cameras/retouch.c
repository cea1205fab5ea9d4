#include "cameras/retouch.h"

#include "broker/clock.h"
#include "cameras/font.h"
#include "cameras/raw_picture.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows that are turned at a time, so that columns are written in runs that fill a cache line. */
#define TURN_ROWS 64
#define TEXT_HEIGHT_MIN_PX 10
#define TEXT_SHARE 32 /* of the picture's height: one line of text */

struct retouch {
    struct frame_pool *pool;
    const struct retouch_settings *settings;
    char name[TOPIC_NAME_MAX_BYTES + 1];
    uint8_t *rows; /* for turning */
    size_t rows_bytes;
    struct font *font;
    uint32_t font_height_px; /* of what is there; 0: none */
};

/* ---- Turning ---- */

/* Where in the turned plane a sample is: origin + x * across + y * down. */
struct mapping {
    ptrdiff_t origin, across, down;
};

static bool is_upright(unsigned degrees) { return degrees % 180 == 0; }

static struct mapping map_plane(const struct retouch_settings *settings, uint32_t width, uint32_t height) {
    bool upright = is_upright(settings->turn_degrees);
    ptrdiff_t turned_width = upright ? width : height;
    ptrdiff_t turned_height = upright ? height : width;
    /* A quarter turn moves each row to a column: the columns begin at the right at 90 degrees and are read from the
     * bottom at 270. */
    bool from_right = (settings->turn_degrees == 90 || settings->turn_degrees == 180) != settings->flip_horizontal;
    bool from_bottom = (settings->turn_degrees == 180 || settings->turn_degrees == 270) != settings->flip_vertical;
    ptrdiff_t sideways = from_right ? -1 : 1;
    ptrdiff_t downward = from_bottom ? -turned_width : turned_width;
    return (struct mapping){
        .origin = (from_right ? turned_width - 1 : 0) + (from_bottom ? (turned_height - 1) * turned_width : 0),
        .across = upright ? sideways : downward,
        .down = upright ? downward : sideways,
    };
}

static void turn_rows(uint8_t *restrict to, struct mapping mapping, const uint8_t *const rows[], uint32_t row_count,
                      uint32_t width) {
    if (mapping.across == 1 || mapping.across == -1) {
        for (uint32_t row = 0; row < row_count; row++) {
            for (uint32_t x = 0; x < width; x++) {
                to[row * mapping.down + x * mapping.across] = rows[row][x];
            }
        }
        return;
    }
    for (uint32_t x = 0; x < width; x++) {
        for (uint32_t row = 0; row < row_count; row++) {
            to[row * mapping.down + x * mapping.across] = rows[row][x];
        }
    }
}

static void turn_plane(struct retouch *retouch, const struct raw_component *component, uint8_t *plane) {
    const uint32_t width = component->width, height = component->height;
    const struct mapping mapping = map_plane(retouch->settings, width, height);
    for (uint32_t top = 0; top < height; top += TURN_ROWS) {
        const uint8_t *rows[TURN_ROWS];
        uint32_t count = height - top < TURN_ROWS ? height - top : TURN_ROWS;
        for (uint32_t i = 0; i < count; i++) {
            rows[i] = raw_component_row(component, top + i, width, retouch->rows + (size_t)i * width);
        }
        turn_rows(plane + mapping.origin + top * mapping.down, mapping, rows, count, width);
    }
}

static enum err turn(struct retouch *retouch, struct frame **raw) {
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
    if (rows_bytes > retouch->rows_bytes) {
        uint8_t *rows = realloc(retouch->rows, rows_bytes);
        if (rows == NULL) {
            return ERR_MEMORY;
        }
        retouch->rows = rows;
        retouch->rows_bytes = rows_bytes;
    }
    struct frame *turned;
    error = frame_create(retouch->pool, bytes, &turned);
    if (error != ERR_OK) {
        return error;
    }
    uint8_t *plane = frame_data(turned);
    for (unsigned i = 0; i < picture.component_count; i++) {
        turn_plane(retouch, &picture.components[i], plane);
        plane += (size_t)picture.components[i].width * picture.components[i].height;
    }
    frame_set_size(turned, bytes);
    struct frame_info *info = frame_edit_info(turned);
    *info = *frame_info(*raw);
    info->format = picture.component_count == 1 ? FRAME_GREY : FRAME_I420;
    info->stride_px = 0;
    info->limited_range = false;
    if (!is_upright(retouch->settings->turn_degrees)) {
        info->width_px = picture.components[0].height;
        info->height_px = picture.components[0].width;
    }
    frame_unref(raw);
    *raw = turned;
    return ERR_OK;
}

/* ---- Writing ---- */

static enum err choose_font(struct retouch *retouch, uint32_t picture_height_px) {
    uint32_t wanted_px = picture_height_px / TEXT_SHARE;
    if (wanted_px < TEXT_HEIGHT_MIN_PX) {
        wanted_px = TEXT_HEIGHT_MIN_PX;
    }
    if (retouch->font_height_px == wanted_px) {
        return ERR_OK;
    }
    font_destroy(&retouch->font);
    retouch->font_height_px = 0;
    enum err error = font_create(wanted_px, &retouch->font);
    if (error == ERR_OK) {
        retouch->font_height_px = wanted_px;
    }
    return error;
}

static enum err write_timestamp(struct retouch *retouch, struct frame *raw) {
    static const struct colour black = {0, 128, 128};
    static const struct colour white = {255, 128, 128};
    const struct frame_info *info = frame_info(raw);
    struct canvas canvas;
    enum err error = canvas_over(raw, &canvas);
    if (error == ERR_OK) {
        error = choose_font(retouch, info->height_px);
    }
    if (error != ERR_OK) {
        return error;
    }
    char utc[CLOCK_TEXT_BYTES];
    clock_format_utc(info->captured_realtime_ns, 3, utc);
    char text[TOPIC_NAME_MAX_BYTES + 48];
    snprintf(text, sizeof text, "%s  %.10s %.12s UTC", retouch->name, utc, utc + sizeof "2026-01-01T" - 1);
    int margin = (int)retouch->font_height_px / 4;
    int width = font_text_width(retouch->font, text, SIZE_MAX) + 2 * margin;
    draw_box(&canvas, 0, 0, width, font_line_height(retouch->font), black);
    draw_text_within(&canvas, retouch->font, margin, 0, (int)canvas.width_px - 2 * margin, text, white);
    return ERR_OK;
}

/* ---- Both ---- */

static bool is_turned(const struct retouch_settings *settings) {
    return settings->turn_degrees != 0 || settings->flip_horizontal || settings->flip_vertical;
}

bool retouch_is_wanted(const struct retouch_settings *settings) { return is_turned(settings) || settings->timestamp; }

enum err retouch_create(struct frame_pool *pool, const struct retouch_settings *settings, const char *name,
                        struct retouch **retouch) {
    struct retouch *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    *created = (struct retouch){.pool = pool, .settings = settings};
    snprintf(created->name, sizeof created->name, "%s", name);
    *retouch = created;
    return ERR_OK;
}

void retouch_destroy(struct retouch **retouch) {
    if (*retouch == NULL) {
        return;
    }
    font_destroy(&(*retouch)->font);
    free((*retouch)->rows);
    free(*retouch);
    *retouch = NULL;
}

enum err retouch_apply(struct retouch *retouch, struct frame **raw) {
    enum err error = is_turned(retouch->settings) ? turn(retouch, raw) : ERR_OK;
    if (error == ERR_OK && retouch->settings->timestamp) {
        error = write_timestamp(retouch, *raw);
    }
    return error;
}
