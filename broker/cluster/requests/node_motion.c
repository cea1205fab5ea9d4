/* The part of node_request.h about motion. */
#include "broker/cluster/requests/node_request.h"

#include <stdlib.h>
#include <string.h>

#define MASKS_MAX 64
#define CELL_BITS 2u
#define CELLS_A_BYTE (8u / CELL_BITS)
#define CELL_MASK ((1u << CELL_BITS) - 1)

/* ---- Writing ---- */

static void put_place(struct wire_writer *writer, const struct motion_place *place) {
    wire_put_double(writer, (double)place->x);
    wire_put_double(writer, (double)place->y);
    wire_put_double(writer, (double)place->width);
    wire_put_double(writer, (double)place->height);
}

static void put_polygon(struct wire_writer *writer, const struct polygon *polygon) {
    wire_put_u8(writer, (uint8_t)polygon->count);
    for (size_t i = 0; i < polygon->count; i++) {
        wire_put_double(writer, polygon->points[i].x);
        wire_put_double(writer, polygon->points[i].y);
    }
}

/* Four cells a byte. */
static void put_cells(struct wire_writer *writer, const struct motion_sight *sight) {
    const size_t count = (size_t)sight->columns * sight->rows;
    wire_put_u16(writer, (uint16_t)sight->columns);
    wire_put_u16(writer, (uint16_t)sight->rows);
    for (size_t i = 0; i < count; i += CELLS_A_BYTE) {
        unsigned packed = 0;
        for (size_t j = 0; j < CELLS_A_BYTE && i + j < count; j++) {
            packed |= (sight->cells[i + j] & CELL_MASK) << (CELL_BITS * j);
        }
        wire_put_u8(writer, (uint8_t)packed);
    }
}

static void put_region(struct wire_writer *writer, const struct motion_region *region,
                       const struct motion_level *level) {
    wire_put_text(writer, region->name);
    put_polygon(writer, &region->polygon);
    wire_put_u8(writer, (uint8_t)region->sensitivity);
    wire_put_u32(writer, level->score);
    wire_put_u32(writer, level->threshold);
    wire_put_u8(writer, level->is_moving);
}

void node_write_motion(struct wire_writer *writer, const struct motion_view *view) {
    const struct motion_status *status = &view->status;
    const struct motion_sight *sight = &view->sight;
    const size_t masks = view->layout.mask_count < MASKS_MAX ? view->layout.mask_count : MASKS_MAX;
    wire_put_u8(writer, status->is_active);
    wire_put_u8(writer, status->is_moving);
    wire_put_u32(writer, status->score);
    wire_put_u64(writer, status->events);
    wire_put_text(writer, sight->state != NULL ? sight->state : "off");
    wire_put_text(writer, sight->why != NULL ? sight->why : "");
    wire_put_u32(writer, sight->score);
    wire_put_u32(writer, sight->threshold);
    wire_put_u8(writer, (uint8_t)sight->place_count);
    for (unsigned i = 0; i < sight->place_count; i++) {
        put_place(writer, &sight->places[i]);
    }
    put_cells(writer, sight);
    wire_put_u8(writer, (uint8_t)masks);
    for (size_t i = 0; i < masks; i++) {
        put_polygon(writer, &view->layout.masks[i]);
    }
    wire_put_u8(writer, (uint8_t)view->layout.region_count);
    for (unsigned i = 0; i < view->layout.region_count; i++) {
        put_region(writer, &view->layout.regions[i], &sight->levels[i]);
    }
}

/* ---- Reading ---- */

static bool is_fraction(double value) { return value >= 0 && value <= 1; }

static float get_fraction(struct wire_reader *reader) {
    const double value = wire_get_double(reader);
    reader->is_broken |= !is_fraction(value);
    return (float)value;
}

/* A count up to max; 0 otherwise, which breaks the reader. */
static unsigned get_count(struct wire_reader *reader, unsigned max) {
    const unsigned count = wire_get_u8(reader);
    reader->is_broken |= count > max;
    return reader->is_broken ? 0 : count;
}

static void get_places(struct wire_reader *reader, struct motion_sight *sight) {
    sight->place_count = get_count(reader, MOTION_PLACES_MAX);
    for (unsigned i = 0; i < sight->place_count; i++) {
        struct motion_place *place = &sight->places[i];
        place->x = get_fraction(reader);
        place->y = get_fraction(reader);
        place->width = get_fraction(reader);
        place->height = get_fraction(reader);
    }
}

static void get_polygon(struct wire_reader *reader, struct arena *arena, struct polygon *polygon) {
    const unsigned count = get_count(reader, POLYGON_POINTS_MAX);
    struct polygon_point *points = arena_alloc(arena, count + 1, sizeof *points);
    if (points == NULL) {
        reader->is_broken = true;
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        points[i].x = wire_get_double(reader);
        points[i].y = wire_get_double(reader);
        reader->is_broken |= !is_fraction(points[i].x) || !is_fraction(points[i].y);
    }
    *polygon = (struct polygon){.points = points, .count = count};
}

static enum err get_cells(struct wire_reader *reader, struct motion_sight *sight) {
    const uint32_t columns = wire_get_u16(reader), rows = wire_get_u16(reader);
    const size_t count = (size_t)columns * rows;
    const uint8_t *packed =
        count <= MOTION_CELLS_MAX ? wire_get_bytes(reader, (count + CELLS_A_BYTE - 1) / CELLS_A_BYTE) : NULL;
    if (packed == NULL) {
        return ERR_INVALID;
    }
    uint8_t *cells = malloc(count + 1);
    if (cells == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        cells[i] = (uint8_t)((unsigned)packed[i / CELLS_A_BYTE] >> (CELL_BITS * (i % CELLS_A_BYTE)) & CELL_MASK);
    }
    sight->columns = columns;
    sight->rows = rows;
    sight->cells = cells;
    return ERR_OK;
}

static void get_masks(struct wire_reader *reader, struct motion_layout *layout) {
    const unsigned count = get_count(reader, MASKS_MAX);
    struct polygon *masks = arena_alloc(layout->arena, count + 1, sizeof *masks);
    for (unsigned i = 0; masks != NULL && i < count; i++) {
        get_polygon(reader, layout->arena, &masks[i]);
    }
    layout->masks = masks;
    layout->mask_count = masks != NULL ? count : 0;
}

static void get_regions(struct wire_reader *reader, struct motion_layout *layout, struct motion_sight *sight) {
    layout->region_count = get_count(reader, MOTION_REGIONS_MAX);
    for (unsigned i = 0; i < layout->region_count; i++) {
        struct motion_region *region = &layout->regions[i];
        wire_get_text(reader, region->name, sizeof region->name);
        get_polygon(reader, layout->arena, &region->polygon);
        region->sensitivity = wire_get_u8(reader);
        sight->levels[i].score = wire_get_u32(reader);
        sight->levels[i].threshold = wire_get_u32(reader);
        sight->levels[i].is_moving = wire_get_u8(reader) == 1;
    }
}

/* A text that lasts as long as the arena. */
static const char *get_words(struct wire_reader *reader, struct arena *arena) {
    char text[256];
    wire_get_text(reader, text, sizeof text);
    return arena_format(arena, "%s", text);
}

static enum err get_view(struct wire_reader *reader, struct motion_view *view) {
    struct motion_status *status = &view->status;
    struct motion_sight *sight = &view->sight;
    *status = (struct motion_status){.is_configured = true};
    status->is_active = wire_get_u8(reader) == 1;
    status->is_moving = wire_get_u8(reader) == 1;
    status->score = wire_get_u32(reader);
    status->events = wire_get_u64(reader);
    sight->state = get_words(reader, view->layout.arena);
    sight->why = get_words(reader, view->layout.arena);
    sight->score = wire_get_u32(reader);
    sight->threshold = wire_get_u32(reader);
    get_places(reader, sight);
    enum err error = get_cells(reader, sight);
    if (error == ERR_OK) {
        get_masks(reader, &view->layout);
        get_regions(reader, &view->layout, sight);
        error = arena_exhausted(view->layout.arena) ? ERR_MEMORY : reader->is_broken ? ERR_INVALID : ERR_OK;
    }
    return error;
}

enum err node_read_motion(struct wire_reader *reader, struct motion_view *view) {
    *view = (struct motion_view){.status = {.is_configured = false}};
    enum err error = arena_create(&view->layout.arena);
    if (error == ERR_OK) {
        error = get_view(reader, view);
    }
    if (error != ERR_OK) {
        motion_view_finish(view);
    }
    return error;
}
