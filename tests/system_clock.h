/* The clock of the system, for a test that stands in for clock_gettime(). Needs syscall() and <time.h>'s clocks.
 * Threads: any. */
#ifndef TESTS_SYSTEM_CLOCK_H
#define TESTS_SYSTEM_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* As clock_gettime(2). */
static inline int system_clock(clockid_t clock, struct timespec *now) {
#ifdef SYS_clock_gettime64 /* on 32-bit machines: a time_t of 64 bits is not that of the older call */
    struct {
        int64_t seconds, nanoseconds;
    } wide;
    const int result = (int)syscall(SYS_clock_gettime64, clock, &wide);
    if (result == 0) {
        now->tv_sec = (time_t)wide.seconds;
        now->tv_nsec = (long)wide.nanoseconds;
    }
    return result;
#else
    return (int)syscall(SYS_clock_gettime, clock, now);
#endif
}

#endif
