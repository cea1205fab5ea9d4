/* The clocks. Every wait and every age uses the monotonic one; the real one is only shown to people.
 * Threads: any. */
#ifndef BROKER_BASE_CLOCK_H
#define BROKER_BASE_CLOCK_H

#include "broker/base/err.h"

#include <stdint.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* A deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

/* Nanoseconds of CLOCK_MONOTONIC; never 0. */
int64_t clock_monotonic_ns(void);

/* CPU time of the calling thread. */
int64_t clock_thread_cpu_ns(void);

/* Nanoseconds since the epoch, CLOCK_REALTIME. */
int64_t clock_realtime_ns(void);

/* A time that a file, a device or a peer gives, as nanoseconds: count units of numerator/denominator seconds, both
 * above 0. It stops at INT64_MAX and -INT64_MAX, so sums and differences with it are those of saturating.h. */
int64_t clock_scale_ns(int64_t count, int numerator, int denominator);

/* For people. */
static inline double clock_seconds(int64_t ns) { return (double)ns / (double)NS_PER_S; }

/* The same time as the system calls take it; ns is not negative. */
struct timespec clock_timespec(int64_t ns);

/* Milliseconds from now to a deadline as poll(2) and epoll_wait(2) take them: rounded up, 0 when it has passed,
 * -1 for CLOCK_NEVER. */
int clock_poll_timeout_ms(int64_t deadline_ns);

/* "2026-01-01T00:00:12.345678Z" (RFC 3339, UTC), or without the fraction where decimals is 0; decimals is 0, 3 or 6. */
#define CLOCK_TEXT_BYTES 32
void clock_format_utc(int64_t realtime_ns, int decimals, char text[CLOCK_TEXT_BYTES]);

/* Reads such a time, or one with another offset (RFC 3339, section 5.6; a blank may stand for its T or +), or seconds
 * since the epoch with an optional fraction. The seconds and the offset may be missing, as forms of browsers leave them
 * out: it is UTC then. ERR_INVALID; years 1970 to 2261. */
CHECKED enum err clock_parse_time(const char *text, int64_t *realtime_ns);

#endif
