/* When the sun rises and sets, to two minutes or so: its upper edge at a flat horizon (NOAA, General Solar Position
 * Calculations, https://gml.noaa.gov/grad/solcalc/solareqns.PDF).
 *
 * Threads: any. */
#ifndef CAMERAS_MOTION_SUN_TIMES_H
#define CAMERAS_MOTION_SUN_TIMES_H

#include <time.h>

/* Of the local day, 0 to 1439. Where the sun does not rise, the day has a minute, when it is highest; where it does not
 * set, the night has one, when it is lowest. */
struct sun_times {
    unsigned rise_minute, set_minute;
};

/* latitude, longitude: in degrees, north and east of zero. local: what localtime_r() gave for a time of the day. */
struct sun_times sun_times_find(double latitude, double longitude, const struct tm *local);

#endif
