/* Making another picture of the same moment out of a frame: what the broker needs to know of it to serve variants. */
#ifndef BROKER_CONVERTER_H
#define BROKER_CONVERTER_H

#include "broker/frame.h"

#include <stdbool.h>

/* What somebody wants instead of a camera's own pictures. */
struct variant_wish {
    uint32_t width_px; /* at least so wide; 0: as the camera's */
    int quality;       /* 1 to 100; 0: no wish */
    double fps;        /* at most so many frames a second; 0: all. Not the converter's affair */
};

struct converter_ops {
    /* What will really be made of a source that wide (0: not known yet): wishes with the same result are the same
     * variant. A width or quality of 0 in it means: as the source. Resolving twice changes nothing more. */
    struct variant_wish (*resolve)(const struct variant_wish *wish, uint32_t source_width_px);
    /* pool is borrowed for the converter's life. ERR_MEMORY. */
    enum err (*create)(struct frame_pool *pool, const struct variant_wish *wish, void **converter);
    /* source stays the caller's. *derived is a new, unsealed frame with source's info but for the size. Any error
     * means that there will be no picture of this frame. Threads: one at a time for each converter. */
    enum err (*convert)(void *converter, const struct frame *source, struct frame **derived);
    /* NULL is none. */
    void (*destroy)(void *converter);
};

#endif
