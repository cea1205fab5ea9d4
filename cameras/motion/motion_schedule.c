#include "cameras/motion/motion_schedule.h"

#include "broker/base/clock.h"

#include <time.h>

#define DAYS 7u

static bool begins_on(const struct motion_window *window, unsigned day) { return (window->days >> day & 1) != 0; }

static bool has(const struct motion_window *window, unsigned day, unsigned minute) {
    if (window->from_minute < window->to_minute) {
        return begins_on(window, day) && minute >= window->from_minute && minute < window->to_minute;
    }
    return (begins_on(window, day) && minute >= window->from_minute) ||
           (begins_on(window, (day + DAYS - 1) % DAYS) && minute < window->to_minute);
}

bool motion_schedule_is_active(const struct motion_settings *settings, int64_t realtime_ns) {
    if (settings->active_count == 0) {
        return true;
    }
    const time_t seconds = (time_t)(realtime_ns / NS_PER_S);
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL) {
        return false;
    }
    const struct sun_times sun = sun_times_find(settings->latitude, settings->longitude, &local);
    for (size_t i = 0; i < settings->active_count; i++) {
        struct motion_window window;
        if (motion_window_resolve(&settings->active[i], &sun, &window) &&
            has(&window, (unsigned)local.tm_wday, (unsigned)(local.tm_hour * 60 + local.tm_min))) {
            return true;
        }
    }
    return false;
}
