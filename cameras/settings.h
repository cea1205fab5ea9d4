/* What can be set about a camera: plain data, filled by config/ from the tables below. 0 never stands for a default
 * here: config/ has put the defaults in.
 *
 * A new key of all cameras is a field here and a row in settings.c; one of a driver, a field and a row in its folder.
 * Ownership: texts and arrays are borrowed from the arena of the camera's settings. Keep a reference to it with a copy.
 */
#ifndef CAMERAS_SETTINGS_H
#define CAMERAS_SETTINGS_H

#include "broker/base/arena.h"
#include "broker/control.h"
#include "broker/recording/recording_settings.h"
#include "broker/settings/setting.h"
#include "broker/topic_settings.h"
#include "cameras/filter_settings.h"
#include "cameras/motion/motion_settings.h"

#include <stddef.h>
#include <stdint.h>

#define CAMERA_RATE_MIN 0.1
#define CAMERA_RATE_MAX 240.0
#define CAMERA_WIDTH_MAX_PX 3840
#define CAMERA_HEIGHT_MAX_PX 2160
#define CAMERA_SIZE_MIN_PX 16
#define CAMERA_QUALITY_RANGE .min = 1, .max = 100
#define CAMERA_QUALITY_HELP "JPEG quality of pictures that the server encodes."
#define FAULTS_MAX 100

/* A fault to play, for demonstrations and tests. It begins at a frame (counted from 1 over all openings) or at a time
 * after the camera was created, and lasts for_ns. */
enum fault_kind {
    FAULT_FREEZE,    /* no frames come */
    FAULT_VANISH,    /* the device disappears: reading fails, and so does opening */
    FAULT_TRUNCATED, /* frames end in the middle */
    FAULT_FAIL_OPEN, /* opening is refused */
    FAULT_SLOW_OPEN, /* opening takes for_ns */
};

struct fault_settings {
    enum fault_kind kind;
    unsigned at_frame; /* 0: at_ns counts instead */
    int64_t at_ns;     /* after the camera was created */
    int64_t for_ns;    /* INT64_MAX: for ever; 0 with FAULT_TRUNCATED: one frame */
};

/* How much of the colour of raw pictures a JPEG keeps: half of it across and down, or all of it down. Pictures that
 * come with halved chroma stay as they are. */
enum subsampling { SUBSAMPLING_420, SUBSAMPLING_422 };

struct camera_type;
struct mailbox;
struct driver_ops;

/* One camera's source. The fields up to `own` are those that the supervisor uses, or several drivers. */
struct source_settings {
    const struct camera_type *type;
    double fps;                   /* 0: the source decides */
    uint32_t width_px, height_px; /* 0: the source decides */
    int quality;                  /* 1 to 100, of the encoder */
    enum subsampling subsampling;
    struct picture_filter_settings filter; /* what needs raw pictures; part of the camera's */
    const struct fault_settings *faults;
    size_t fault_count;
    void *own; /* the driver's own struct, which type->settings describes; NULL: it has none */
};

struct camera_settings {
    struct topic_settings topic;          /* id, name, source, ring, idle time-out, demand, fps */
    int64_t probe_ns;                     /* between two probes of a camera that is idle; 0: none */
    const struct motion_settings *motion; /* NULL: it is not watched */
    struct record_settings record;
    struct picture_filter_settings filter;
    struct source_settings source;
    struct arena *arena; /* NULL: what they borrow is static */
};

/* A kind of source: what the registry knows of a driver. */
struct camera_type {
    const char *name; /* as in the configuration's "type" */
    const struct driver_ops *driver;
    const struct setting_table *settings; /* of struct source_settings (block 0) and of its own struct (block 1) */
    /* The module (broker/base/module.h) that a source surely needs; NULL: none, or it depends on what the source sends.
     * NULL: no source of this kind does. */
    const char *(*needed_module)(const struct source_settings *settings);
    /* Opens the topic's mailbox to pushers that have the key. NULL: none may push. */
    void (*set_push_key)(const struct source_settings *settings, struct mailbox *mailbox);
    /* Settles what depends on the other cameras, once all settings are read. Memory comes from the arena of the camera
     * that keeps it. NULL: nothing does. */
    void (*link_cameras)(struct camera_settings *cameras, size_t count);
};

/* The keys of "cameras[]" and of "defaults". Block 0: struct camera_settings. */
extern const struct setting_table camera_settings_table, camera_defaults_table;
/* The keys of one of "variants". Block 0: struct variant_request. */
extern const struct setting_table variant_settings_table;
/* The keys of "faults[]". Block 0: struct fault_settings. */
extern const struct setting_table fault_settings_table;

/* Whether a camera would behave in the same way; what is borrowed is compared by its contents. */
bool camera_settings_equal(const struct camera_settings *a, const struct camera_settings *b);
/* But for what can change while the camera is open. */
bool camera_settings_equal_but_live(const struct camera_settings *a, const struct camera_settings *b);

#endif
