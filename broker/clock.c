#include "broker/clock.h"

#include <limits.h>
#include <time.h>

static int64_t read_clock_ns(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_monotonic_ns(void) { return read_clock_ns(CLOCK_MONOTONIC); }

int64_t clock_realtime_ns(void) { return read_clock_ns(CLOCK_REALTIME); }

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
