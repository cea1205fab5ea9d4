#include "cameras/supervisor/watchdog.h"

#include "broker/base/saturating.h"

#include <assert.h>
#include <stdlib.h>

struct watchdog {
    pthread_t thread;
    struct lock lock; /* a leaf: nothing is called while it is held */
    struct condition sooner;
    struct condition checked;
    LIST_HEAD(, watch) watches GUARDED_BY(lock);
    struct watch *checking GUARDED_BY(lock); /* whose check() is running */
    int64_t wakes_at_ns GUARDED_BY(lock);
    bool stopping GUARDED_BY(lock);
};

static struct watch *most_urgent_locked(struct watchdog *watchdog) REQUIRES(&watchdog->lock) {
    struct watch *urgent = LIST_FIRST(&watchdog->watches), *watch;
    LIST_FOREACH (watch, &watchdog->watches, in_watchdog) {
        if (watch->due_ns < urgent->due_ns) {
            urgent = watch;
        }
    }
    return urgent;
}

static void *run_watchdog(void *argument) {
    struct watchdog *watchdog = argument;
    lock_acquire(&watchdog->lock);
    while (!watchdog->stopping) {
        struct watch *watch = most_urgent_locked(watchdog);
        int64_t now_ns = clock_monotonic_ns();
        if (watch == NULL || now_ns < watch->due_ns) {
            watchdog->wakes_at_ns = watch != NULL ? watch->due_ns : CLOCK_NEVER;
            condition_wait_until(&watchdog->sooner, &watchdog->lock, watchdog->wakes_at_ns);
            continue;
        }
        watch->due_ns = CLOCK_NEVER;
        watchdog->checking = watch;
        lock_release(&watchdog->lock);

        int64_t due_ns = watch->check(watch->user, now_ns);

        lock_acquire(&watchdog->lock);
        watchdog->checking = NULL;
        watch->due_ns = min_i64(watch->due_ns, due_ns);
        condition_broadcast(&watchdog->checked);
    }
    lock_release(&watchdog->lock);
    return NULL;
}

enum err watchdog_create(struct watchdog **out) {
    struct watchdog *watchdog = calloc(1, sizeof *watchdog);
    if (watchdog == NULL) {
        return ERR_MEMORY;
    }
    watchdog->wakes_at_ns = CLOCK_NEVER;
    lock_init(&watchdog->lock);
    condition_init(&watchdog->sooner);
    condition_init(&watchdog->checked);
    enum err error = thread_start(&watchdog->thread, "watchdog", 0, run_watchdog, watchdog);
    if (error != ERR_OK) {
        condition_finish(&watchdog->checked);
        condition_finish(&watchdog->sooner);
        lock_finish(&watchdog->lock);
        free(watchdog);
        return error;
    }
    *out = watchdog;
    return ERR_OK;
}

void watchdog_destroy(struct watchdog **watchdog_pointer) {
    struct watchdog *watchdog = *watchdog_pointer;
    *watchdog_pointer = NULL;
    if (watchdog == NULL) {
        return;
    }
    lock_acquire(&watchdog->lock);
    assert(LIST_EMPTY(&watchdog->watches));
    watchdog->stopping = true;
    condition_signal(&watchdog->sooner);
    lock_release(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    condition_finish(&watchdog->checked);
    condition_finish(&watchdog->sooner);
    lock_finish(&watchdog->lock);
    free(watchdog);
}

void watchdog_add(struct watchdog *watchdog, struct watch *watch, watchdog_check *check, void *user) {
    *watch = (struct watch){.watchdog = watchdog, .check = check, .user = user, .due_ns = CLOCK_NEVER};
    lock_acquire(&watchdog->lock);
    LIST_INSERT_HEAD(&watchdog->watches, watch, in_watchdog);
    lock_release(&watchdog->lock);
}

static void wait_idle_locked(struct watchdog *watchdog, const struct watch *watch) REQUIRES(&watchdog->lock) {
    while (watchdog->checking == watch) {
        condition_wait(&watchdog->checked, &watchdog->lock);
    }
}

void watchdog_remove(struct watch *watch) {
    struct watchdog *watchdog = watch->watchdog;
    lock_acquire(&watchdog->lock);
    wait_idle_locked(watchdog, watch);
    LIST_REMOVE(watch, in_watchdog);
    lock_release(&watchdog->lock);
}

void watchdog_schedule(struct watch *watch, int64_t at_ns) {
    struct watchdog *watchdog = watch->watchdog;
    lock_acquire(&watchdog->lock);
    if (at_ns < watch->due_ns) {
        watch->due_ns = at_ns;
        if (at_ns < watchdog->wakes_at_ns) {
            watchdog->wakes_at_ns = at_ns;
            condition_signal(&watchdog->sooner);
        }
    }
    lock_release(&watchdog->lock);
}

void watchdog_wait_idle(struct watch *watch) {
    struct watchdog *watchdog = watch->watchdog;
    lock_acquire(&watchdog->lock);
    wait_idle_locked(watchdog, watch);
    lock_release(&watchdog->lock);
}
