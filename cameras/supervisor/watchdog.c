#include "cameras/watchdog.h"

#include <assert.h>
#include <stdlib.h>

struct watchdog {
    pthread_t thread;
    struct lock lock; /* a leaf: nothing is called while it is held */
    struct condition sooner;
    struct condition looked;
    struct ward *wards GUARDED_BY(lock);
    struct ward *looking_at GUARDED_BY(lock); /* whose look() is running */
    int64_t wakes_at_ns GUARDED_BY(lock);
    bool stopping GUARDED_BY(lock);
};

static struct ward *most_urgent_locked(struct watchdog *watchdog) REQUIRES(&watchdog->lock) {
    struct ward *urgent = watchdog->wards;
    for (struct ward *ward = watchdog->wards; ward != NULL; ward = ward->next) {
        if (ward->due_ns < urgent->due_ns) {
            urgent = ward;
        }
    }
    return urgent;
}

static void *watch(void *argument) {
    struct watchdog *watchdog = argument;
    lock_acquire(&watchdog->lock);
    while (!watchdog->stopping) {
        struct ward *ward = most_urgent_locked(watchdog);
        int64_t now_ns = clock_monotonic_ns();
        if (ward == NULL || now_ns < ward->due_ns) {
            watchdog->wakes_at_ns = ward != NULL ? ward->due_ns : CLOCK_NEVER;
            condition_wait_until(&watchdog->sooner, &watchdog->lock, watchdog->wakes_at_ns);
            continue;
        }
        ward->due_ns = CLOCK_NEVER;
        watchdog->looking_at = ward;
        lock_release(&watchdog->lock);

        int64_t due_ns = ward->look(ward->user, now_ns);

        lock_acquire(&watchdog->lock);
        watchdog->looking_at = NULL;
        if (due_ns < ward->due_ns) {
            ward->due_ns = due_ns;
        }
        condition_broadcast(&watchdog->looked);
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
    condition_init(&watchdog->looked);
    enum err error = thread_start(&watchdog->thread, "watchdog", 0, watch, watchdog);
    if (error != ERR_OK) {
        condition_finish(&watchdog->looked);
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
    assert(watchdog->wards == NULL);
    watchdog->stopping = true;
    condition_signal(&watchdog->sooner);
    lock_release(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    condition_finish(&watchdog->looked);
    condition_finish(&watchdog->sooner);
    lock_finish(&watchdog->lock);
    free(watchdog);
}

void watchdog_add(struct watchdog *watchdog, struct ward *ward, watchdog_look *look, void *user) {
    *ward = (struct ward){.watchdog = watchdog, .look = look, .user = user, .due_ns = CLOCK_NEVER};
    lock_acquire(&watchdog->lock);
    ward->next = watchdog->wards;
    watchdog->wards = ward;
    lock_release(&watchdog->lock);
}

static void settle_locked(struct watchdog *watchdog, const struct ward *ward) REQUIRES(&watchdog->lock) {
    while (watchdog->looking_at == ward) {
        condition_wait(&watchdog->looked, &watchdog->lock);
    }
}

void watchdog_remove(struct ward *ward) {
    struct watchdog *watchdog = ward->watchdog;
    lock_acquire(&watchdog->lock);
    settle_locked(watchdog, ward);
    struct ward **link = &watchdog->wards;
    while (*link != ward) {
        link = &(*link)->next;
    }
    *link = ward->next;
    lock_release(&watchdog->lock);
}

void watchdog_attend(struct ward *ward, int64_t at_ns) {
    struct watchdog *watchdog = ward->watchdog;
    lock_acquire(&watchdog->lock);
    if (at_ns < ward->due_ns) {
        ward->due_ns = at_ns;
        if (at_ns < watchdog->wakes_at_ns) {
            watchdog->wakes_at_ns = at_ns;
            condition_signal(&watchdog->sooner);
        }
    }
    lock_release(&watchdog->lock);
}

void watchdog_settle(struct ward *ward) {
    struct watchdog *watchdog = ward->watchdog;
    lock_acquire(&watchdog->lock);
    settle_locked(watchdog, ward);
    lock_release(&watchdog->lock);
}
