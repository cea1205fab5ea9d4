#define _DEFAULT_SOURCE /* tm_gmtoff */
#include "cameras/motion/sun_times.h"

#include <math.h>

#define RADIANS (3.14159265358979323846 / 180)
#define DAY_MINUTES (24 * 60)
#define HALF_DAY_MINUTES (12 * 60.0)
#define MINUTES_A_DEGREE 4
/* From the zenith: half of the sun's width below the horizon, and what the air refracts. */
#define HORIZON_DEGREES 90.833

static unsigned minute_of_day(double minute) {
    const double rest = fmod(minute, DAY_MINUTES);
    return (unsigned)(rest < 0 ? rest + DAY_MINUTES : rest) % DAY_MINUTES;
}

struct sun_times sun_times_find(double latitude, double longitude, const struct tm *local) {
    const double year = 360.0 / 365 * local->tm_yday * RADIANS; /* the fraction that has passed, as an angle */
    const double equation_of_time = 229.18 * (0.000075 + 0.001868 * cos(year) - 0.032077 * sin(year) -
                                              0.014615 * cos(2 * year) - 0.040849 * sin(2 * year)); /* minutes */
    const double declination = 0.006918 - 0.399912 * cos(year) + 0.070257 * sin(year) - 0.006758 * cos(2 * year) +
                               0.000907 * sin(2 * year) - 0.002697 * cos(3 * year) + 0.00148 * sin(3 * year);
    const double cosine = cos(HORIZON_DEGREES * RADIANS) / (cos(latitude * RADIANS) * cos(declination)) -
                          tan(latitude * RADIANS) * tan(declination);
    const double angle = acos(fmax(-1, fmin(1, cosine))) / RADIANS;
    const double half_day = fmax(0.5, fmin(HALF_DAY_MINUTES - 0.5, angle * MINUTES_A_DEGREE));
    const double noon =
        HALF_DAY_MINUTES - longitude * MINUTES_A_DEGREE - equation_of_time + (double)local->tm_gmtoff / 60;
    return (struct sun_times){.rise_minute = minute_of_day(noon - half_day),
                              .set_minute = minute_of_day(noon + half_day)};
}
