/* The hours in which a camera's motion makes events: windows of the week in local time, as a clock on the wall shows
 * it. A window over midnight belongs to the day on which it begins. When daylight saving time begins, an hour is
 * missing from the windows of that night; when it ends, an hour counts twice. Sunrise and sunset are those of the day
 * (sun_times.h).
 *
 * Threads: any; local time is that of TZ. */
#ifndef CAMERAS_MOTION_MOTION_SCHEDULE_H
#define CAMERAS_MOTION_MOTION_SCHEDULE_H

#include "cameras/motion/motion_settings.h"

/* True without windows. */
bool motion_schedule_is_active(const struct motion_settings *settings, int64_t realtime_ns);

#endif
