/* Locks, conditions and events: thin wrappers of pthread and eventfd that clang's -Wthread-safety understands.
 *
 * Lock order, outermost first (a lock may be taken only while holding locks that stand above it):
 *     dispatch lock of an inbox -> camera manager -> camera -> motion watch -> broker -> variants -> topic ->
 *     control port, motion port -> event log -> worker pool, recorder, frame queue -> frame pool -> log
 * Locks of the same row are never held together. web/ takes its own locks last, and holds none while it calls the
 * broker. No lock is held during I/O, a callback, logging, or the release of a frame, except for the dispatch lock of
 * an inbox: only the inbox's owner ever waits for it.
 *
 * Threads: any. A lock must not be copied or moved once initialised. */
#ifndef BROKER_BASE_SYNC_H
#define BROKER_BASE_SYNC_H

#include "broker/base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__clang__)
#define SYNC_ATTRIBUTE(x) __attribute__((x))
#else
#define SYNC_ATTRIBUTE(x)
#endif
#define ACQUIRES(lock) SYNC_ATTRIBUTE(acquire_capability(lock))
#define TRY_ACQUIRES(lock) SYNC_ATTRIBUTE(try_acquire_capability(true, lock))
#define RELEASES(lock) SYNC_ATTRIBUTE(release_capability(lock))
#define REQUIRES(lock) SYNC_ATTRIBUTE(requires_capability(lock))
/* Documents which lock guards a field; clang 14 cannot check it in C. */
#define GUARDED_BY(lock)

struct SYNC_ATTRIBUTE(capability("mutex")) lock {
    pthread_mutex_t mutex;
};

/* Cannot fail on Linux with default attributes. */
void lock_init(struct lock *lock);
void lock_finish(struct lock *lock);
void lock_acquire(struct lock *lock) ACQUIRES(lock);
/* False, at once, while anybody has it. */
CHECKED bool lock_try(struct lock *lock) TRY_ACQUIRES(lock);
void lock_release(struct lock *lock) RELEASES(lock);

/* A condition variable on CLOCK_MONOTONIC. */
struct condition {
    pthread_cond_t variable;
};

void condition_init(struct condition *condition);
void condition_finish(struct condition *condition);
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);
void condition_wait(struct condition *condition, struct lock *lock) REQUIRES(lock);
/* False once deadline_ns (monotonic; CLOCK_NEVER waits for ever) has passed. */
bool condition_wait_until(struct condition *condition, struct lock *lock, int64_t deadline_ns) REQUIRES(lock);

/* A flag with a file descriptor that polls as readable while it is set. Setting it twice is the same as once. */
struct event {
    int fd;
};

CHECKED enum err event_init(struct event *event);
void event_finish(struct event *event);
void event_set(struct event *event);
void event_clear(struct event *event);
/* Blocks: until the event is set (true) or deadline_ns has passed (false). Does not clear it. */
CHECKED bool event_wait_until(struct event *event, int64_t deadline_ns);

/* The smallest stack that a thread may have: 16 KiB or more, 128 KiB on arm64. */
size_t thread_stack_min_bytes(void);

/* How many threads a pool has: `wanted`, or one for each processor where that is 0; `max` at most. */
unsigned thread_pool_size(unsigned wanted, unsigned max);

/* Starts a joinable thread that has all signals blocked, a name for debuggers (cut to 15 characters) and a stack of
 * stack_bytes (0: THREAD_STACK_BYTES), or of the least that the system allows. After a failure limits_explain() has the
 * limit that was met. */
#define THREAD_STACK_BYTES ((size_t)1 << 20)
CHECKED enum err thread_start(pthread_t *thread, const char *name, size_t stack_bytes, void *(*run)(void *),
                              void *argument);

#endif
