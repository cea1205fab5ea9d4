/* What is configured of a topic: plain data, without secrets. Nothing in it is borrowed, except for static texts. */
#ifndef BROKER_TOPIC_SETTINGS_H
#define BROKER_TOPIC_SETTINGS_H

#include "broker/base/string_view.h"
#include "broker/frame/converter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOPIC_ID_MAX_BYTES 64
#define TOPIC_ID_PATTERN ID_PATTERN("63")
#define TOPIC_NAME_MAX_BYTES 128
#define TOPIC_VARIANTS_MAX 32
#define VARIANT_NAME_MAX_BYTES 31
#define VARIANT_NAME_PATTERN ID_PATTERN("30")
#define VARIANT_WIDTH_MIN_PX 16
#define VARIANT_WIDTH_MAX_PX 3840

/* A variant with a name, e.g. `thumb`. */
struct variant_settings {
    char name[VARIANT_NAME_MAX_BYTES + 1];
    struct variant_request request;
};

struct topic_settings {
    char id[TOPIC_ID_MAX_BYTES + 1];     /* string_view_is_camera_id() */
    char name[TOPIC_NAME_MAX_BYTES + 1]; /* UTF-8, for people */
    const char *source;                  /* kind of camera, e.g. "pattern"; static */
    unsigned ring_frames;                /* 1 to FRAME_RING_MAX */
    int64_t idle_timeout_ns;             /* from the last subscriber's leaving to topic_wanted() turning false */
    bool on_demand;                      /* false: always wanted */
    bool is_kept_open;                   /* likewise, whatever on_demand says: its pictures are watched */
    int64_t stale_after_ns;              /* a frame that is older stands for nothing any more */
    double fps;                          /* frames a second requested of the camera; 0: its own rate */
    bool has_controls;                   /* topic_controls() is open whenever the camera is */
    struct variant_settings variants[TOPIC_VARIANTS_MAX];
    size_t variant_count;
    unsigned max_variants; /* at the same time, not counting the named ones */
};

#endif
