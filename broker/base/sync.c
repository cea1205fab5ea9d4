#define _GNU_SOURCE /* pthread_setname_np, _SC_THREAD_STACK_MIN */
#include "broker/base/sync.h"

#include "broker/base/clock.h"
#include "broker/base/limits.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SANITIZED_STACK_BYTES ((size_t)8 << 20)

/* An error from these calls can only be a bug of ours (a lock used before init, by a stranger, or twice). */
static void must_succeed(int result) {
    assert(result == 0);
    (void)result;
}

void lock_init(struct lock *lock) { must_succeed(pthread_mutex_init(&lock->mutex, NULL)); }

void lock_finish(struct lock *lock) { must_succeed(pthread_mutex_destroy(&lock->mutex)); }

void lock_acquire(struct lock *lock) SYNC_ATTRIBUTE(no_thread_safety_analysis) {
    must_succeed(pthread_mutex_lock(&lock->mutex));
}

bool lock_try(struct lock *lock) SYNC_ATTRIBUTE(no_thread_safety_analysis) {
    int result = pthread_mutex_trylock(&lock->mutex);
    assert(result == 0 || result == EBUSY);
    return result == 0;
}

void lock_release(struct lock *lock) SYNC_ATTRIBUTE(no_thread_safety_analysis) {
    must_succeed(pthread_mutex_unlock(&lock->mutex));
}

void condition_init(struct condition *condition) {
    pthread_condattr_t attributes;
    must_succeed(pthread_condattr_init(&attributes));
    must_succeed(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    must_succeed(pthread_cond_init(&condition->variable, &attributes));
    must_succeed(pthread_condattr_destroy(&attributes));
}

void condition_finish(struct condition *condition) { must_succeed(pthread_cond_destroy(&condition->variable)); }

void condition_signal(struct condition *condition) { must_succeed(pthread_cond_signal(&condition->variable)); }

void condition_broadcast(struct condition *condition) { must_succeed(pthread_cond_broadcast(&condition->variable)); }

void condition_wait(struct condition *condition, struct lock *lock) {
    must_succeed(pthread_cond_wait(&condition->variable, &lock->mutex));
}

bool condition_wait_until(struct condition *condition, struct lock *lock, int64_t deadline_ns) {
    if (deadline_ns == CLOCK_NEVER) {
        condition_wait(condition, lock);
        return true;
    }
    struct timespec deadline = clock_timespec(deadline_ns);
    int result = pthread_cond_timedwait(&condition->variable, &lock->mutex, &deadline);
    assert(result == 0 || result == ETIMEDOUT);
    return result == 0;
}

enum err event_init(struct event *event) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    event->fd = fd;
    return ERR_OK;
}

void event_finish(struct event *event) {
    if (event->fd >= 0) {
        close(event->fd);
        event->fd = -1;
    }
}

void event_set(struct event *event) {
    /* Fails only when the counter is full: then it is set already. */
    ssize_t written = write(event->fd, &(uint64_t){1}, sizeof(uint64_t));
    (void)written;
}

void event_clear(struct event *event) {
    uint64_t count;
    ssize_t got = read(event->fd, &count, sizeof count); /* EAGAIN: it was not set */
    (void)got;
}

bool event_wait_until(struct event *event, int64_t deadline_ns) {
    struct pollfd poller = {.fd = event->fd, .events = POLLIN};
    for (;;) {
        int ready = poll(&poller, 1, clock_poll_timeout_ms(deadline_ns));
        assert(ready >= 0 || errno == EINTR);
        if (ready > 0) {
            return true;
        }
        if (ready == 0 && clock_monotonic_ns() >= deadline_ns) {
            return false;
        }
    }
}

size_t thread_stack_min_bytes(void) {
    long min_bytes = sysconf(_SC_THREAD_STACK_MIN);
    return min_bytes > 0 ? (size_t)min_bytes : (size_t)128 << 10;
}

unsigned thread_pool_size(unsigned wanted, unsigned max) {
    if (wanted == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        wanted = cores > 0 ? (unsigned)cores : 1;
    }
    return wanted < max ? wanted : max;
}

/* Frames of code with sanitizers are many times larger. */
static size_t clamp_stack(size_t stack_bytes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const size_t min_bytes = SANITIZED_STACK_BYTES;
#else
    const size_t min_bytes = thread_stack_min_bytes();
#endif
    stack_bytes = stack_bytes != 0 ? stack_bytes : THREAD_STACK_BYTES;
    return stack_bytes > min_bytes ? stack_bytes : min_bytes;
}

enum err thread_start(pthread_t *thread, const char *name, size_t stack_bytes, void *(*run)(void *), void *argument) {
    pthread_attr_t attributes;
    must_succeed(pthread_attr_init(&attributes));
    must_succeed(pthread_attr_setstacksize(&attributes, clamp_stack(stack_bytes)));
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(thread, &attributes, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    must_succeed(pthread_attr_destroy(&attributes));
    if (result != 0) {
        limits_note_refusal(clamp_stack(stack_bytes));
        return err_from_errno(result);
    }
    char cut[16];
    snprintf(cut, sizeof cut, "%.15s", name);
    pthread_setname_np(*thread, cut);
    return ERR_OK;
}
