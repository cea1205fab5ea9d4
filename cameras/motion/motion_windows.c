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

/* ---- Overlaps ---- */

bool motion_window_needs_sun(const struct motion_window *window) {
    return window->from_minute > MOTION_DAY_MINUTES || window->to_minute > MOTION_DAY_MINUTES;
}

/* On a day as long as its night. */
static unsigned usual_minute(unsigned minute) {
    return minute == MOTION_SUNRISE ? 6 * 60 : minute == MOTION_SUNSET ? 18 * 60 : minute;
}

static struct motion_window usual_window(const struct motion_window *window) {
    return (struct motion_window){window->days, usual_minute(window->from_minute), usual_minute(window->to_minute)};
}

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

enum err motion_window_check(const void *windows, size_t index, struct reason *reason) {
    const struct motion_window *list = windows;
    const struct motion_window checked = usual_window(&list[index]);
    for (size_t i = 0; i < index; i++) {
        const struct motion_window other = usual_window(&list[i]);
        const bool is_comparable = motion_window_needs_sun(&list[i]) == motion_window_needs_sun(&list[index]);
        const unsigned day = is_comparable ? find_overlap(&other, &checked) : DAYS;
        if (day < DAYS) {
            reason_set(reason, "overlaps active[%zu], in the hours that begin on %s", i, day_names[day]);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}
