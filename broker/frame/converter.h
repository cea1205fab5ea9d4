/* Conversion of a frame into another picture of the same moment: the interface by which the broker makes variants. */
#ifndef BROKER_FRAME_CONVERTER_H
#define BROKER_FRAME_CONVERTER_H

#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"

#include <stdbool.h>

/* Of the text that stands for the client of a request, with its end. */
#define VARIANT_OWNER_BYTES 64

/* What is requested in place of a camera's own pictures. */
struct variant_request {
    uint32_t width_px; /* the minimum; 0: the camera's */
    int quality;       /* 1 to 100; 0: the default */
    double fps;        /* the maximum of frames a second; 0: all. The converter ignores it */
};

struct converter_ops {
    /* What is made of a source of that width (0: not known yet): requests with the same result are the same variant. A
     * width or quality of 0 in it is the source's. Idempotent. */
    struct variant_request (*resolve)(const struct variant_request *request, uint32_t source_width_px);
    /* pool is borrowed for the converter's life. ERR_MEMORY. */
    enum err (*create)(struct frame_pool *pool, const struct variant_request *request, void **converter);
    /* source stays the caller's. *derived is a new, unsealed frame with source's info but for the size. On any
     * error this frame has no picture; at the limit (NULL: none) it is ERR_INTERRUPTED or
     * ERR_TIMEOUT. Threads: one at a time for each converter. */
    enum err (*convert)(void *converter, const struct frame *source, const struct work_limit *limit,
                        struct frame **derived);
    /* NULL is none. */
    void (*destroy)(void *converter);
};

#endif
