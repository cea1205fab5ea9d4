/* Frames: one picture in one block of memory, reference-counted, from a pool.
 *
 * Lifecycle: frame_create() gives a frame that only its creator knows; the creator fills in the payload and the
 * info. frame_seal() writes the envelope around the payload; from then on the frame is immutable and may be shared.
 * The last frame_unref() gives the memory back to the pool, which keeps it for the next frame of about that size:
 * in steady state nothing is allocated.
 *
 * Memory of one frame:   [ spare | envelope's head | payload | envelope's tail | spare ]
 *                                 '--------------- part ---------------------'
 * The part is contiguous, so that handing a frame to a client costs one send().
 *
 * Threads: any for frame_ref() and frame_unref(). Everything that writes is for the creator, before the frame is
 * shared. The pool may be used from any thread.
 * Ownership: a pool lives until it is destroyed and its last frame is released. */
#ifndef BROKER_FRAME_FRAME_H
#define BROKER_FRAME_FRAME_H

#include "broker/base/err.h"
#include "broker/camera_state.h"
#include "broker/frame/polygon.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest envelope, and how far frame_prepend() can go. */
#define FRAME_HEAD_MAX_BYTES 512
#define FRAME_TAIL_MAX_BYTES 128
#define FRAME_PREPEND_MAX_BYTES 512
/* Largest payload: a raw 4:4:4 picture of 4096x4096 is 48 MiB. */
#define FRAME_PAYLOAD_MAX_BYTES ((size_t)64 << 20)

/* How the payload is laid out. Raw formats are named as V4L2 names them (kernel documentation, "Image Formats"), with
 * the planes one after the other, without gaps; stride_px is the row length of the first plane. */
enum frame_format {
    FRAME_JPEG,
    FRAME_I420, /* planes Y, U, V; chroma halved both ways (V4L2: YU12) */
    FRAME_NV12, /* plane Y, then one of UV pairs */
    FRAME_YUYV, /* packed, chroma halved across */
    FRAME_YVYU,
    FRAME_UYVY,
    FRAME_GREY,
};

/* "MJPEG", "YU12", ...: what status shows. Static. */
const char *frame_format_name(enum frame_format format);

struct frame_info {
    uint64_t sequence; /* counts what the camera captured, from 1; gaps are frames that were lost before publication */
    uint64_t position; /* counts what the topic published, placeholders included, from 1; set by the topic */
    int64_t captured_realtime_ns;   /* since the epoch; shown to people and sent as X-Timestamp */
    int64_t captured_monotonic_ns;  /* every age is measured from this */
    int64_t published_monotonic_ns; /* set by the topic */
    uint64_t generation;            /* of what may be shown, see topic_begin_generation(); 0: the first */
    uint32_t width_px, height_px;   /* JPEG: as shown; raw formats: as stored */
    uint8_t orientation;            /* Exif's, 1 to 8: how the stored picture is turned to be shown; 0: it is not */
    uint32_t stride_px; /* raw formats: samples from one row of the first plane to the next; 0 means width_px */
    enum frame_format format;
    bool limited_range;      /* raw formats: black is 16 and white 235, as in video; else 0 and 255, as in JPEG */
    bool is_recorded;        /* comes from a recording: its capture may be long ago */
    enum camera_state state; /* STATE_LIVE, or what a placeholder stands for */
};

/* Borrowed memory. */
struct span {
    const uint8_t *bytes;
    size_t count;
};

/* Writes what stands before a payload. Gets the topic's id and the info, complete but for its position; writes at
 * most FRAME_HEAD_MAX_BYTES into head and returns how many. Called without any lock held, from the publishing thread.
 */
typedef size_t frame_write_head(char head[FRAME_HEAD_MAX_BYTES], const char *topic_id, const struct frame_info *info,
                                size_t payload_bytes);

/* What is put around each payload, e.g. a multipart header and delimiter. Borrowed, so it is static or outlives the
 * frames. NULL write_head: no head; tail at most FRAME_TAIL_MAX_BYTES. */
struct frame_envelope {
    frame_write_head *write_head;
    const char *tail;
};

struct frame;
struct frame_pool;

/* Parts of the picture that are black, since nobody is to see what is there. */
struct frame_masks {
    const struct polygon *polygons; /* in the arena, or static */
    size_t count;
    struct arena *arena; /* NULL: static */
};

CHECKED enum err frame_pool_create(struct frame_pool **pool);
/* Frees what is not in use; what is follows with its last frame. */
void frame_pool_destroy(struct frame_pool **pool);

struct frame_pool_usage {
    size_t frames;        /* in use and kept for reuse */
    size_t bytes;         /* of those */
    uint64_t allocations; /* from the system, ever: stands still in steady state */
};
struct frame_pool_usage frame_pool_usage(struct frame_pool *pool);

/* A frame with room for at least capacity_bytes of payload, its size 0 and its info zeroed, one reference.
 * ERR_MEMORY; ERR_INVALID above FRAME_PAYLOAD_MAX_BYTES. */
CHECKED enum err frame_create(struct frame_pool *pool, size_t capacity_bytes, struct frame **frame);

/* Replaces *frame by one with at least capacity_bytes, carrying over payload and info. On failure *frame is as before.
 */
CHECKED enum err frame_grow(struct frame **frame, size_t capacity_bytes);

/* The payload, for writing: frame_capacity() bytes from here are ours. */
uint8_t *frame_data(struct frame *frame);
size_t frame_capacity(const struct frame *frame);
/* How much of the capacity is used: at most frame_capacity(). */
void frame_set_size(struct frame *frame, size_t payload_bytes);
/* Makes the payload start `bytes` earlier (at most FRAME_PREPEND_MAX_BYTES over the frame's life) and returns its new
 * start; the new bytes are for the caller to fill. Size and capacity grow by as much. */
uint8_t *frame_prepend(struct frame *frame, size_t bytes);
/* Makes the payload start `bytes` later: the capacity is less by as much, and the size is 0. */
void frame_drop_front(struct frame *frame, size_t bytes);
struct frame_info *frame_edit_info(struct frame *frame);

/* What is masked in it already, so that pictures made of it can keep it black to the pixel. A reference to the arena is
 * taken. Once, before the frame is shared. */
void frame_set_masks(struct frame *frame, const struct frame_masks *masks);
/* Borrowed, for as long as the frame. count is 0: none. */
const struct frame_masks *frame_masks(const struct frame *frame);

/* Writes the envelope around the payload. envelope may be NULL: then the part is the payload. */
void frame_seal(struct frame *frame, const struct frame_envelope *envelope, const char *id);

const struct frame_info *frame_info(const struct frame *frame);
struct span frame_payload(const struct frame *frame);
/* Head, payload and tail; only after frame_seal(). */
struct span frame_part(const struct frame *frame);

/* Returns a new reference to the same frame. */
struct frame *frame_ref(struct frame *frame);
/* Drops a reference and nulls the pointer; *frame may be NULL. */
void frame_unref(struct frame **frame);

#endif
