/* The two clocks. Every wait and every age uses the monotonic one; the real one is only shown to people.
 * Threads: any. */
#ifndef BROKER_CLOCK_H
#define BROKER_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* A deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

/* Nanoseconds of CLOCK_MONOTONIC; never 0. */
int64_t clock_monotonic_ns(void);

/* Nanoseconds since the epoch, CLOCK_REALTIME. */
int64_t clock_realtime_ns(void);

/* Milliseconds from now to a deadline as poll(2) and epoll_wait(2) take them: rounded up, 0 when it has passed,
 * -1 for CLOCK_NEVER. */
int clock_poll_timeout_ms(int64_t deadline_ns);

/* "2026-01-01T00:00:12.345678Z" (RFC 3339, UTC), or without the fraction where decimals is 0; decimals is 0, 3 or 6. */
#define CLOCK_TEXT_BYTES 32
void clock_format_utc(int64_t realtime_ns, int decimals, char text[CLOCK_TEXT_BYTES]);

#endif
