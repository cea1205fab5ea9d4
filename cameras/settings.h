/* What can be set about a camera: plain data, filled by config/, copied by whoever keeps it. 0 never stands for a
 * default here: config/ has put the defaults in. A new field belongs into camera_settings_equal() too: a reload looks
 * there for what has changed, and a test tries every key of the schema. */
#ifndef CAMERAS_SETTINGS_H
#define CAMERAS_SETTINGS_H

#include "broker/control.h"
#include "broker/storage.h"
#include "broker/topic.h"

#include <stddef.h>
#include <stdint.h>

#define CAMERA_RATE_MIN 0.1
#define CAMERA_RATE_MAX 240.0
#define CAMERA_WIDTH_MAX_PX 3840
#define CAMERA_HEIGHT_MAX_PX 2160
#define CAMERA_SIZE_MIN_PX 16

/* A fault to play, for demonstrations and tests. It begins at a frame (counted from 1 over all openings) or at a time
 * after the camera was created; for_ns tells how long it lasts. */
enum fault_kind {
    FAULT_FREEZE,    /* no frames come */
    FAULT_VANISH,    /* the device is gone: reading fails, and so does opening */
    FAULT_TRUNCATED, /* frames end in the middle */
    FAULT_FAIL_OPEN, /* opening is refused */
    FAULT_SLOW_OPEN, /* opening takes for_ns */
};

struct fault_settings {
    enum fault_kind kind;
    uint64_t at_frame; /* 0: at_ns counts instead */
    int64_t at_ns;     /* after the camera was created */
    int64_t for_ns;    /* INT64_MAX: for ever; 0 with FAULT_TRUNCATED: one frame */
};

enum source_type { SOURCE_EMULATED, SOURCE_PATTERN, SOURCE_V4L2, SOURCE_URL, SOURCE_PUSH };

/* How much of the colour of raw pictures a JPEG keeps: half of it across and down, or all of it down. Pictures that
 * come with halved chroma stay as they are. */
enum subsampling { SUBSAMPLING_420, SUBSAMPLING_422 };

/* What the samples of raw pictures mean. */
enum sample_range { RANGE_AUTO, RANGE_FULL, RANGE_LIMITED };

/* What is done to raw pictures before they are encoded: turned clockwise, then mirrored. */
struct retouch_settings {
    unsigned turn_degrees; /* 0, 90, 180 or 270 */
    bool flip_horizontal, flip_vertical;
    bool timestamp; /* name and time are written into the picture */
};

/* A device of the system. */
struct device_settings {
    const char *path;               /* NULL: take one that nobody names */
    const char *const *named_paths; /* with path NULL: those that other cameras name */
    size_t named_count;
    size_t unnamed_before; /* with path NULL: how many cameras before this one take such a device */
    const char *format;    /* as frame_format_name() has it; NULL: the best that the device has */
    enum sample_range range;
    const struct control_wish *controls; /* set at each opening */
    size_t control_count;
};

struct push_settings {
    const char *key; /* what senders of frames must know */
    bool replace;    /* a second sender takes the first one's place; else it is refused */
};

enum url_transport { URL_TRANSPORT_TCP, URL_TRANSPORT_UDP };

struct url_settings {
    const char *url;                 /* or the path of a video file */
    const char *username, *password; /* instead of those in the URL; NULL: none */
    enum url_transport transport;    /* of RTSP's pictures */
    bool loop;                       /* files: over and over */
    bool insecure;                   /* TLS: take any certificate */
    bool keyframes_only;
    unsigned threads; /* of the decoder: 1 to 16 */
};

/* One camera's source. The strings and arrays are borrowed from the storage of its camera_settings. */
struct source_settings {
    enum source_type type;
    double fps;                   /* url: of single pictures that are fetched one by one; 0: whatever it gives */
    uint32_t width_px, height_px; /* pattern, v4l2; url: to scale to, 0: as it comes */
    int quality;                  /* 1 to 100, of the encoder */
    enum subsampling subsampling;
    struct retouch_settings retouch;
    const char *const *files; /* emulated: paths of JPEG files, played in this order, over and over */
    size_t file_count;
    struct device_settings device; /* v4l2 */
    struct url_settings url;
    struct push_settings push;
    const struct fault_settings *faults;
    size_t fault_count;
};

/* Whoever keeps them keeps a reference to the storage too. */
struct camera_settings {
    struct topic_settings topic; /* id, name, source, ring, idle time-out, demand, fps */
    int64_t stale_after_ns;
    struct source_settings source;
    struct storage *storage; /* NULL: what they borrow is static */
};

/* Whether a camera would behave in the same way; what is borrowed is compared by its contents. */
bool camera_settings_equal(const struct camera_settings *a, const struct camera_settings *b);

#endif
