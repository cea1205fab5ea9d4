/* The settings of a V4L2 camera beyond those that every source has. */
#ifndef CAMERAS_V4L2_V4L2_SETTINGS_H
#define CAMERAS_V4L2_V4L2_SETTINGS_H

#include "cameras/settings.h"

/* What the samples of raw pictures mean. */
enum sample_range { RANGE_AUTO, RANGE_FULL, RANGE_LIMITED };

struct v4l2_settings {
    const char *path;               /* NULL: any device that no other camera names */
    const char *const *named_paths; /* with path NULL: those that other cameras name */
    size_t named_count;
    unsigned unnamed_before; /* with path NULL: how many cameras before this one take such a device */
    const char *format;      /* as frame_format_name() has it; NULL: the best that the device has */
    enum sample_range range;
    const struct control_request *controls; /* set at each opening */
    size_t control_count;
};

extern const struct setting_table v4l2_settings_table;
/* Lists the named devices for the cameras that take any other. */
void v4l2_link_cameras(struct camera_settings *cameras, size_t count);

#endif
