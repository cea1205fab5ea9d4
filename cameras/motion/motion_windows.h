/* The hours of "active" as the file has them: days such as "mon-fri" or "sat,sun", and times such as "22:00" or
 * "sunset".
 * Threads: any. */
#ifndef CAMERAS_MOTION_MOTION_WINDOWS_H
#define CAMERAS_MOTION_MOTION_WINDOWS_H

#include "broker/base/err.h"
#include "cameras/motion/sun_times.h"

#include <stdbool.h>
#include <stddef.h>

#define MOTION_DAY_MINUTES (24 * 60)
/* In place of a minute of the day. */
#define MOTION_SUNRISE (MOTION_DAY_MINUTES + 1)
#define MOTION_SUNSET (MOTION_DAY_MINUTES + 2)

/* Hours in which motion makes events, in local time as the clock on the wall shows it. Where to_minute is not later
 * than from_minute, the window ends on the day after. */
struct motion_window {
    unsigned days;                   /* on which it begins: bit 0 Sunday, ... bit 6 Saturday, as tm_wday counts */
    unsigned from_minute, to_minute; /* of the day: 0 to 1439, and 1 to 1440; or MOTION_SUNRISE, MOTION_SUNSET */
};

/* *days: a set of bits, 0 for Sunday to 6 for Saturday. A range may run over the weekend ("fri-mon"). ERR_INVALID with
 * a reason. */
CHECKED enum err motion_days_parse(const char *text, unsigned *days, struct reason *reason);
/* *minute: of the day, 0 to 1439, MOTION_SUNRISE or MOTION_SUNSET. ERR_INVALID with a reason. */
CHECKED enum err motion_from_parse(const char *text, unsigned *minute, struct reason *reason);
/* The same, and 1440 for "24:00". */
CHECKED enum err motion_to_parse(const char *text, unsigned *minute, struct reason *reason);
bool motion_window_needs_sun(const struct motion_window *window);
/* With the minutes of a day at which the sun rises and sets. False: the window is empty on that day, as one from sunset
 * to 20:00 is in summer. */
bool motion_window_resolve(const struct motion_window *window, const struct sun_times *sun,
                           struct motion_window *resolved);
/* Of an array of struct motion_window: ERR_INVALID with a reason, if the one at index overlaps one before it. Those
 * that depend on the sun are compared with each other, not with those of the clock alone: that changes with the year.
 */
CHECKED enum err motion_window_check(const void *windows, size_t index, struct reason *reason);

#endif
