/* What can be set about a camera's motion detection ("motion" of a camera): plain data, filled by config/ from the
 * table below. docs: framebroker.json(5).
 *
 * Ownership: texts, polygons and arrays are borrowed from the arena of the camera's settings. Threads: any. */
#ifndef CAMERAS_MOTION_MOTION_SETTINGS_H
#define CAMERAS_MOTION_MOTION_SETTINGS_H

#include "broker/frame/polygon.h"
#include "broker/settings/setting.h"
#include "cameras/motion/motion_windows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOTION_FPS_MIN 0.5
#define MOTION_FPS_MAX 30.0
#define MOTION_CONFIRM_MAX 16
#define MOTION_ZONES_MAX 16
#define MOTION_ZONE_NAME_MAX_BYTES 64
#define MOTION_MASKS_MAX 32
#define MOTION_WINDOWS_MAX 32
#define MOTION_NO_PLACE 1000.0 /* beyond all degrees */

struct motion_zone {
    const char *name;
    struct polygon polygon;
    unsigned sensitivity; /* 1 to 100; 0: that of the camera */
};

struct motion_settings {
    unsigned sensitivity;        /* 1 (only what is large and near) to 100 (anything) */
    double fps;                  /* frames that are analysed */
    const struct polygon *masks; /* never looked at */
    size_t mask_count;
    const struct motion_zone *zones; /* only looked at; none: the whole picture is one, without a name */
    size_t zone_count;
    const struct motion_window *active; /* none: always */
    size_t active_count;
    double latitude, longitude; /* of the camera, in degrees; MOTION_NO_PLACE: not known */
    int64_t min_duration_ns;    /* shorter movements are no events */
    int64_t cooldown_ns;        /* an event ends when nothing has moved for so long */
    int64_t max_duration_ns;    /* a longer event ends, and a new one begins */

    /* The finer ones. */
    unsigned confirm_frames;       /* of the last confirm_window analysed frames have to show what moves */
    unsigned confirm_window;       /* 1 to 16 */
    unsigned contrast_levels;      /* a cell that differs by less, of 255, stays still, however little noise there is */
    unsigned light_change_percent; /* more of the picture changes at once: it is the light; 100: never */
    unsigned light_steady_percent; /* less changes from frame to frame: the light is steady again */
    int64_t absorb_ns;             /* what stays for so long is background */
};

/* Block 0: struct motion_settings; struct motion_zone; struct motion_window. */
extern const struct setting_table motion_settings_table, motion_zone_table, motion_window_table;

/* A camera that has "motion": {}. */
void motion_settings_init(struct motion_settings *settings);

#endif
