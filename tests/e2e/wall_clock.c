/* Put before the C library (LD_PRELOAD), lets a test set the time of day of one program: by as many seconds as the file
 * that WALL_CLOCK names says, in decimal. Monotonic time is as ever. */
#define _GNU_SOURCE
#include "tests/system_clock.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset_s(void) {
    const char *path = getenv("WALL_CLOCK");
    char text[32] = "0";
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        ssize_t count = read(file, text, sizeof text - 1);
        text[count > 0 ? count : 0] = '\0';
        close(file);
    }
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = system_clock(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += offset_s();
    }
    return result;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return result;
}

/* What waits until a time of day (some libraries do) waits as long as it would with the kernel's own clock. A time of
 * the monotonic clock is known by its size: this side of 2001 it is none of day. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    static int (*_Atomic found)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) = found;
    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
        found = next;
    }
    struct timespec real = *until;
    if (real.tv_sec > 1000000000) {
        real.tv_sec -= offset_s();
    }
    return next(condition, mutex, &real);
}
