#include "broker/motion_port.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void motion_port_init(struct motion_port *port) {
    *port = (struct motion_port){.is_configured = false};
    lock_init(&port->lock);
}

void motion_port_finish(struct motion_port *port) {
    for (size_t i = 0; i < port->picture_count; i++) {
        frame_unref(&port->pictures[i].frame);
    }
    arena_unref(&port->layout.arena);
    free(port->cells);
    lock_finish(&port->lock);
}

/* ---- The detector ---- */

static void clear_locked(struct motion_port *port) REQUIRES(&port->lock) {
    port->sight = (struct motion_sight){.state = "off", .why = "", .threshold = port->sight.threshold};
}

static void set_layout(struct motion_port *port, bool is_configured, const struct motion_layout *layout) {
    arena_ref(layout->arena);
    lock_acquire(&port->lock);
    struct arena *before = port->layout.arena;
    port->layout = *layout;
    port->is_configured = is_configured;
    clear_locked(port);
    lock_release(&port->lock);
    arena_unref(&before);
}

void motion_port_configure(struct motion_port *port, const struct motion_layout *layout) {
    assert(layout->region_count <= MOTION_REGIONS_MAX);
    set_layout(port, true, layout);
}

void motion_port_close(struct motion_port *port) {
    set_layout(port, false, &(struct motion_layout){.region_count = 0});
}

void motion_port_set_scheduled(struct motion_port *port, bool is_scheduled) {
    lock_acquire(&port->lock);
    port->is_scheduled = is_scheduled;
    lock_release(&port->lock);
}

bool motion_port_is_switched_off(struct motion_port *port) {
    lock_acquire(&port->lock);
    const bool is_switched_off = port->is_switched_off;
    lock_release(&port->lock);
    return is_switched_off;
}

/* False: no memory. */
static bool reserve_cells_locked(struct motion_port *port, size_t count) REQUIRES(&port->lock) {
    if (count > port->cell_capacity) {
        uint8_t *cells = realloc(port->cells, count);
        if (cells == NULL) {
            return false;
        }
        port->cells = cells;
        port->cell_capacity = count;
    }
    return true;
}

void motion_port_show(struct motion_port *port, const struct motion_sight *sight) {
    const size_t count = sight->cells != NULL ? (size_t)sight->columns * sight->rows : 0;
    assert(count <= MOTION_CELLS_MAX && sight->place_count <= MOTION_PLACES_MAX);
    lock_acquire(&port->lock);
    port->sight = *sight;
    port->sight.cells = NULL;
    if (count > 0 && reserve_cells_locked(port, count)) {
        memcpy(port->cells, sight->cells, count);
    } else {
        port->sight.columns = port->sight.rows = 0;
    }
    lock_release(&port->lock);
}

void motion_port_clear(struct motion_port *port) {
    lock_acquire(&port->lock);
    clear_locked(port);
    lock_release(&port->lock);
}

void motion_port_begin(struct motion_port *port) {
    lock_acquire(&port->lock);
    port->events++;
    port->sight.is_moving = true;
    lock_release(&port->lock);
}

void motion_port_end(struct motion_port *port) {
    lock_acquire(&port->lock);
    port->sight.is_moving = false;
    lock_release(&port->lock);
}

/* ---- Pictures ---- */

static struct motion_picture *find_locked(struct motion_port *port, uint64_t event) REQUIRES(&port->lock) {
    for (size_t i = 0; i < port->picture_count; i++) {
        if (port->pictures[i].event == event) {
            return &port->pictures[i];
        }
    }
    return NULL;
}

static bool is_full_locked(const struct motion_port *port, size_t more_bytes) REQUIRES(&port->lock) {
    size_t bytes = more_bytes;
    for (size_t i = 0; i < port->picture_count; i++) {
        bytes += frame_capacity(port->pictures[i].frame);
    }
    return port->picture_count == MOTION_PICTURES_MAX || bytes > MOTION_PICTURES_MAX_BYTES;
}

/* Those that are removed, for the caller to release without the lock. */
struct removed {
    struct frame *frames[MOTION_PICTURES_MAX + 1];
    size_t count;
};

static void remove_locked(struct motion_port *port, struct motion_picture *picture, struct removed *removed)
    REQUIRES(&port->lock) {
    removed->frames[removed->count++] = picture->frame;
    const struct motion_picture *end = &port->pictures[port->picture_count--];
    memmove(picture, picture + 1, (size_t)(end - (picture + 1)) * sizeof *picture);
}

static void release(struct removed *removed) {
    for (size_t i = 0; i < removed->count; i++) {
        frame_unref(&removed->frames[i]);
    }
}

void motion_port_keep(struct motion_port *port, uint64_t event, struct frame *frame) {
    struct removed removed = {.count = 0};
    struct frame *kept = frame_ref(frame);
    lock_acquire(&port->lock);
    struct motion_picture *before = find_locked(port, event);
    if (before != NULL) {
        remove_locked(port, before, &removed);
    }
    while (port->picture_count > 0 && is_full_locked(port, frame_capacity(kept))) {
        remove_locked(port, &port->pictures[0], &removed);
    }
    if (frame_info(kept)->generation >= port->generation) {
        port->pictures[port->picture_count++] = (struct motion_picture){.event = event, .frame = kept};
    } else {
        removed.frames[removed.count++] = kept;
    }
    lock_release(&port->lock);
    release(&removed);
}

void motion_port_begin_generation(struct motion_port *port, uint64_t generation) {
    struct removed removed = {.count = 0};
    lock_acquire(&port->lock);
    port->generation = generation;
    while (port->picture_count > 0) {
        remove_locked(port, &port->pictures[0], &removed);
    }
    lock_release(&port->lock);
    release(&removed);
}

struct frame *motion_port_picture(struct motion_port *port, uint64_t event) {
    lock_acquire(&port->lock);
    const struct motion_picture *picture = find_locked(port, event);
    struct frame *frame = picture != NULL ? frame_ref(picture->frame) : NULL;
    lock_release(&port->lock);
    return frame;
}

/* ---- The others ---- */

static struct motion_status status_locked(const struct motion_port *port) REQUIRES(&port->lock) {
    if (!port->is_configured) {
        return (struct motion_status){.is_configured = false};
    }
    return (struct motion_status){.is_configured = true,
                                  .is_active = port->is_scheduled && !port->is_switched_off,
                                  .is_moving = port->sight.is_moving,
                                  .score = port->sight.score,
                                  .events = port->events};
}

struct motion_status motion_port_status(struct motion_port *port) {
    lock_acquire(&port->lock);
    struct motion_status status = status_locked(port);
    lock_release(&port->lock);
    return status;
}

bool motion_port_switch(struct motion_port *port, bool on) {
    lock_acquire(&port->lock);
    const bool is_configured = port->is_configured;
    if (is_configured) {
        port->is_switched_off = !on;
    }
    lock_release(&port->lock);
    return is_configured;
}

enum err motion_port_view(struct motion_port *port, struct motion_view *view) {
    uint8_t *cells = malloc(MOTION_CELLS_MAX); /* without the lock; what is not written takes no memory */
    if (cells == NULL) {
        return ERR_MEMORY;
    }
    lock_acquire(&port->lock);
    const bool is_configured = port->is_configured;
    *view = (struct motion_view){.status = status_locked(port), .sight = port->sight, .layout = port->layout};
    arena_ref(view->layout.arena);
    const size_t count = (size_t)view->sight.columns * view->sight.rows;
    if (count > 0) {
        memcpy(cells, port->cells, count);
    }
    lock_release(&port->lock);
    view->sight.cells = cells;
    if (!is_configured) {
        motion_view_finish(view);
        return ERR_UNSUPPORTED;
    }
    return ERR_OK;
}

void motion_view_finish(struct motion_view *view) {
    free((uint8_t *)(uintptr_t)view->sight.cells);
    arena_unref(&view->layout.arena);
    *view = (struct motion_view){.status = {.is_configured = false}};
}
