#include "cameras/motion/motion_windows.h"

#include <string.h>

#define DAYS 7
#define WEEK_MINUTES (DAYS * MOTION_DAY_MINUTES)

static const char *const day_names[DAYS] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* ---- Days ---- */

/* The day that the text begins with, behind which it is moved; DAYS: none. */
static unsigned take_day(const char **text) {
    for (unsigned day = 0; day < DAYS; day++) {
        if (strncmp(*text, day_names[day], 3) == 0) {
            *text += 3;
            return day;
        }
    }
    return DAYS;
}

/* A day or a range of days. False: neither. */
static bool take_days(const char **text, unsigned *days) {
    unsigned day = take_day(text), last = day;
    if (day < DAYS && **text == '-') {
        *text += 1;
        last = take_day(text);
    }
    if (day == DAYS || last == DAYS) {
        return false;
    }
    for (; day != last; day = (day + 1) % DAYS) {
        *days |= 1U << day;
    }
    *days |= 1U << last;
    return true;
}

enum err motion_days_parse(const char *text, unsigned *days, struct reason *reason) {
    bool is_list = true;
    *days = 0;
    do {
        is_list = take_days(&text, days);
    } while (is_list && *text++ == ',');
    if (!is_list || text[-1] != '\0') {
        reason_set(reason, "must name days of the week, such as \"mon-fri\" or \"sat,sun\"");
        return ERR_INVALID;
    }
    return ERR_OK;
}

/* ---- Times ---- */

static bool take_two_digits(const char *text, unsigned *number) {
    const bool are_digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    *number = are_digits ? (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0') : 0;
    return are_digits;
}

static enum err parse_time(const char *text, unsigned max_minute, unsigned *minute, struct reason *reason) {
    unsigned hours, minutes;
    if (strcmp(text, "sunrise") == 0 || strcmp(text, "sunset") == 0) {
        *minute = strcmp(text, "sunrise") == 0 ? MOTION_SUNRISE : MOTION_SUNSET;
        return ERR_OK;
    }
    bool is_time = strlen(text) == 5 && take_two_digits(text, &hours) && text[2] == ':' &&
                   take_two_digits(text + 3, &minutes) && minutes < 60 && hours * 60 + minutes <= max_minute;
    if (!is_time) {
        reason_set(reason, "must be a time from \"00:00\" to \"%02u:%02u\", or \"sunrise\" or \"sunset\"",
                   max_minute / 60, max_minute % 60);
        return ERR_INVALID;
    }
    *minute = hours * 60 + minutes;
    return ERR_OK;
}

enum err motion_from_parse(const char *text, unsigned *minute, struct reason *reason) {
    return parse_time(text, MOTION_DAY_MINUTES - 1, minute, reason);
}

enum err motion_to_parse(const char *text, unsigned *minute, struct reason *reason) {
    return parse_time(text, MOTION_DAY_MINUTES, minute, reason);
}

/* ---- The sun ---- */

static bool is_of_sun(unsigned minute) { return minute > MOTION_DAY_MINUTES; }

bool motion_window_needs_sun(const struct motion_window *window) {
    return is_of_sun(window->from_minute) || is_of_sun(window->to_minute);
}

static unsigned at_clock(unsigned minute, const struct sun_times *sun) {
    return minute == MOTION_SUNRISE ? sun->rise_minute : minute == MOTION_SUNSET ? sun->set_minute : minute;
}

/* In a day whose noon is at 12:00, whatever the time zone. */
static unsigned solar_minute(unsigned minute, const struct sun_times *sun) {
    const unsigned daylight = (sun->set_minute + MOTION_DAY_MINUTES - sun->rise_minute) % MOTION_DAY_MINUTES;
    const unsigned noon = (sun->rise_minute + daylight / 2) % MOTION_DAY_MINUTES;
    return (minute + MOTION_DAY_MINUTES + MOTION_DAY_MINUTES / 2 - noon) % MOTION_DAY_MINUTES;
}

/* Whether its end comes before its beginning at this time of the year. A time from 03:00 to noon is meant as one of the
 * morning in which the sun rises, and one from noon to 21:00 as one of the evening in which it sets. */
static bool is_reversed(const struct motion_window *window, const struct sun_times *sun) {
    const bool begins_with_sun = is_of_sun(window->from_minute);
    if (begins_with_sun == is_of_sun(window->to_minute)) {
        return false;
    }
    const unsigned event = begins_with_sun ? window->from_minute : window->to_minute;
    const unsigned event_at = solar_minute(at_clock(event, sun), sun);
    const unsigned time_at = solar_minute(begins_with_sun ? window->to_minute : window->from_minute, sun);
    const bool is_same_half =
        event == MOTION_SUNRISE ? time_at >= 3 * 60 && time_at < 12 * 60 : time_at > 12 * 60 && time_at <= 21 * 60;
    return is_same_half && (begins_with_sun ? time_at <= event_at : time_at >= event_at);
}

bool motion_window_resolve(const struct motion_window *window, const struct sun_times *sun,
                           struct motion_window *resolved) {
    *resolved =
        (struct motion_window){window->days, at_clock(window->from_minute, sun), at_clock(window->to_minute, sun)};
    return !is_reversed(window, sun);
}

/* ---- Overlaps ---- */

/* On a day as long as its night. */
static const struct sun_times equinox = {.rise_minute = 6 * 60, .set_minute = 18 * 60};

static unsigned window_minutes(const struct motion_window *window) {
    return window->to_minute > window->from_minute ? window->to_minute - window->from_minute
                                                   : window->to_minute + MOTION_DAY_MINUTES - window->from_minute;
}

/* In the ring of the week: the second begins during the first. */
static bool begins_during(unsigned begin, unsigned minutes, unsigned other_begin) {
    return (other_begin + WEEK_MINUTES - begin) % WEEK_MINUTES < minutes;
}

/* The day of the second's window that overlaps one of the first; DAYS: none does. */
static unsigned find_overlap(const struct motion_window *a, const struct motion_window *b) {
    for (unsigned i = 0; i < DAYS * DAYS; i++) {
        const unsigned day = i / DAYS, other_day = i % DAYS;
        const unsigned begin = day * MOTION_DAY_MINUTES + a->from_minute;
        const unsigned other_begin = other_day * MOTION_DAY_MINUTES + b->from_minute;
        if ((a->days >> day & 1) != 0 && (b->days >> other_day & 1) != 0 &&
            (begins_during(begin, window_minutes(a), other_begin) ||
             begins_during(other_begin, window_minutes(b), begin))) {
            return other_day;
        }
    }
    return DAYS;
}

static bool are_comparable(const struct motion_window *a, const struct motion_window *b) {
    return motion_window_needs_sun(a) == motion_window_needs_sun(b);
}

enum err motion_window_check(const void *windows, size_t index, struct reason *reason) {
    const struct motion_window *list = windows;
    struct motion_window checked, other;
    if (!motion_window_resolve(&list[index], &equinox, &checked)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < index; i++) {
        if (!are_comparable(&list[i], &list[index]) || !motion_window_resolve(&list[i], &equinox, &other)) {
            continue;
        }
        const unsigned day = find_overlap(&other, &checked);
        if (day < DAYS) {
            reason_set(reason, "overlaps active[%zu], in the hours that begin on %s", i, day_names[day]);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}
