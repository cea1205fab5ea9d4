/* Rows of keys that several kinds of source have, for the tables of drivers: block 0 is struct source_settings. What
 * differs between the drivers, such as the default, follows in the braces:
 *
 *     {SOURCE_FPS, .fallback = 30, .help = SOURCE_FPS_HELP},
 *
 * A driver's own struct is block 1. */
#ifndef CAMERAS_SOURCE_ROWS_H
#define CAMERAS_SOURCE_ROWS_H

#include "cameras/settings.h"

#define SOURCE_FIELD(field) .offset = offsetof(struct source_settings, field)

#define SOURCE_FPS                                                                                                     \
    .name = "fps", .type = SETTING_NUMBER, SOURCE_FIELD(fps), .min = CAMERA_RATE_MIN, .max = CAMERA_RATE_MAX
#define SOURCE_FPS_HELP "Frames per second."

#define SOURCE_WIDTH                                                                                                   \
    .name = "width", .type = SETTING_INTEGER, SOURCE_FIELD(width_px), .min = CAMERA_SIZE_MIN_PX,                       \
    .max = CAMERA_WIDTH_MAX_PX
#define SOURCE_WIDTH_HELP "Width in pixels."

#define SOURCE_HEIGHT                                                                                                  \
    .name = "height", .type = SETTING_INTEGER, SOURCE_FIELD(height_px), .min = CAMERA_SIZE_MIN_PX,                     \
    .max = CAMERA_HEIGHT_MAX_PX
#define SOURCE_HEIGHT_HELP "Height in pixels."

/* Default: that of "defaults". */
#define SOURCE_QUALITY                                                                                                 \
    {                                                                                                                  \
        .name = "quality", .type = SETTING_INTEGER, SOURCE_FIELD(quality), CAMERA_QUALITY_RANGE, .inherited = true,    \
        .help = CAMERA_QUALITY_HELP                                                                                    \
    }

#define SOURCE_FAULTS                                                                                                  \
    {                                                                                                                  \
        .name = "faults", .type = SETTING_OBJECTS, SOURCE_FIELD(faults),                                               \
        .count_offset = offsetof(struct source_settings, fault_count), .max = FAULTS_MAX,                              \
        .members = &fault_settings_table, .help = "Faults to play, for demonstrations and tests."                      \
    }

#endif
