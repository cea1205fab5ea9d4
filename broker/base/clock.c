#define _DEFAULT_SOURCE /* timegm */
#include "broker/base/clock.h"

#include "broker/base/saturating.h"

#include <limits.h>
#include <stdbool.h>
#include <time.h>

static int64_t read_clock_ns(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_monotonic_ns(void) { return read_clock_ns(CLOCK_MONOTONIC); }

int64_t clock_realtime_ns(void) { return read_clock_ns(CLOCK_REALTIME); }

int64_t clock_scale_ns(int64_t count, int numerator, int denominator) {
    /* In parts of one sign that fit into 64 bits, which is all that processors of 32 bits have: what is left of each
     * division is below the denominator. */
    const int64_t whole = multiply_i64(multiply_i64(count / denominator, numerator), NS_PER_S);
    const int64_t rest = count % denominator * numerator;
    const int64_t rest_ns = rest / denominator * NS_PER_S + rest % denominator * NS_PER_S / denominator;
    return max_i64(add_i64(whole, rest_ns), -INT64_MAX);
}
int64_t clock_thread_cpu_ns(void) { return read_clock_ns(CLOCK_THREAD_CPUTIME_ID); }

struct timespec clock_timespec(int64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

int clock_poll_timeout_ms(int64_t deadline_ns) {
    if (deadline_ns == CLOCK_NEVER) {
        return -1;
    }
    int64_t left_ns = deadline_ns - clock_monotonic_ns();
    if (left_ns <= 0) {
        return 0;
    }
    int64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

void clock_format_utc(int64_t realtime_ns, int decimals, char text[CLOCK_TEXT_BYTES]) {
    time_t seconds = realtime_ns / NS_PER_S;
    int64_t fraction_ns = realtime_ns % NS_PER_S;
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL) {
        utc = (struct tm){.tm_year = 70, .tm_mday = 1};
    }
    size_t length = strftime(text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    if (decimals == 3) {
        fraction_ns /= NS_PER_MS;
    } else if (decimals == 6) {
        fraction_ns /= NS_PER_US;
    }
    if (decimals > 0) {
        text[length++] = '.';
        for (int digit = decimals - 1; digit >= 0; digit--, fraction_ns /= 10) {
            text[length + (size_t)digit] = (char)('0' + fraction_ns % 10);
        }
        length += (size_t)decimals;
    }
    text[length] = 'Z';
    text[length + 1] = '\0';
}

/* ---- Reading ---- */

/* Takes exactly `digits` digits off the text. */
static bool take_number(const char **text, int digits, int min, int max, int *number) {
    *number = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return false;
        }
        *number = *number * 10 + (**text - '0');
    }
    return *number >= min && *number <= max;
}

static bool take_character(const char **text, const char *either) {
    for (; *either != '\0'; either++) {
        if (**text == *either) {
            (*text)++;
            return true;
        }
    }
    return false;
}

/* Digits behind a point, of which nine count. */
static bool take_fraction(const char **text, int64_t *fraction_ns) {
    *fraction_ns = 0;
    if (!take_character(text, ".")) {
        return true;
    }
    const char *first = *text;
    for (int64_t unit_ns = NS_PER_S / 10; **text >= '0' && **text <= '9'; (*text)++, unit_ns /= 10) {
        *fraction_ns += (**text - '0') * unit_ns;
    }
    return *text > first;
}

/* "Z", "+01:00", or nothing. */
static bool take_offset(const char **text, int *offset_s) {
    *offset_s = 0;
    if (**text == '\0' || take_character(text, "Zz")) {
        return true;
    }
    int sign = **text == '-' ? -1 : 1, hours = 0, minutes = 0;
    if (!take_character(text, "+- ") || !take_number(text, 2, 0, 23, &hours) || !take_character(text, ":") ||
        !take_number(text, 2, 0, 59, &minutes)) {
        return false;
    }
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool parse_date_and_time(const char *text, int64_t *realtime_ns) {
    struct tm tm = {0};
    int64_t fraction_ns = 0;
    int offset_s;
    if (!take_number(&text, 4, 1970, 2261, &tm.tm_year) || !take_character(&text, "-") ||
        !take_number(&text, 2, 1, 12, &tm.tm_mon) || !take_character(&text, "-") ||
        !take_number(&text, 2, 1, 31, &tm.tm_mday) || !take_character(&text, "Tt ") ||
        !take_number(&text, 2, 0, 23, &tm.tm_hour) || !take_character(&text, ":") ||
        !take_number(&text, 2, 0, 59, &tm.tm_min)) {
        return false;
    }
    if (take_character(&text, ":") &&
        (!take_number(&text, 2, 0, 60, &tm.tm_sec) || !take_fraction(&text, &fraction_ns))) {
        return false;
    }
    if (!take_offset(&text, &offset_s) || *text != '\0') {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    const int month = tm.tm_mon, second = tm.tm_sec;
    int64_t seconds = (int64_t)timegm(&tm) - offset_s; /* which makes March of a 30 February */
    *realtime_ns = clock_scale_ns(seconds, 1, 1) + fraction_ns;
    return seconds >= 0 && (tm.tm_mon == month || second == 60);
}

static bool parse_seconds(const char *text, int64_t *realtime_ns) {
    int64_t seconds = 0, fraction_ns = 0;
    const char *first = text;
    for (; *text >= '0' && *text <= '9'; text++) {
        seconds = seconds * 10 + (*text - '0');
        if (seconds >= INT64_MAX / NS_PER_S) {
            return false;
        }
    }
    if (text == first || !take_fraction(&text, &fraction_ns) || *text != '\0') {
        return false;
    }
    *realtime_ns = seconds * NS_PER_S + fraction_ns;
    return true;
}

enum err clock_parse_time(const char *text, int64_t *realtime_ns) {
    int64_t parsed_ns = 0;
    if (!parse_seconds(text, &parsed_ns) && !parse_date_and_time(text, &parsed_ns)) {
        return ERR_INVALID;
    }
    *realtime_ns = parsed_ns;
    return ERR_OK;
}
