/* The watchdog: one thread that runs any number of checks, each at its own time.
 *
 * It sleeps until the earliest of these times, and without a limit when there is none.
 * Threads: any, unless said otherwise.
 * Ownership: a watch is embedded in its owner, which removes it before it is freed. */
#ifndef CAMERAS_SUPERVISOR_WATCHDOG_H
#define CAMERAS_SUPERVISOR_WATCHDOG_H

#include "broker/base/clock.h"
#include "broker/base/sync.h"

#include <sys/queue.h>

struct watchdog;

/* Called on the watchdog's thread, without a lock. Returns when to check again (monotonic): CLOCK_NEVER leaves that to
 * watchdog_schedule(). It must not block, since the other checks wait meanwhile. */
typedef int64_t watchdog_check(void *user, int64_t now_ns);

/* The fields are the watchdog's own, guarded by its lock. */
struct watch {
    struct watchdog *watchdog;
    watchdog_check *check;
    void *user;
    int64_t due_ns;
    LIST_ENTRY(watch) in_watchdog;
};

CHECKED enum err watchdog_create(struct watchdog **watchdog);
/* No watch may be left. Blocks: until the thread has ended. */
void watchdog_destroy(struct watchdog **watchdog);

/* Nothing is checked before the first watchdog_schedule(). user is borrowed until watchdog_remove() returns. */
void watchdog_add(struct watchdog *watchdog, struct watch *watch, watchdog_check *check, void *user);
/* Blocks: until a check that is under way has returned. */
void watchdog_remove(struct watch *watch);
/* Schedules a check for at_ns at the latest. Cheap: the thread is woken only if it would sleep longer. */
void watchdog_schedule(struct watch *watch, int64_t at_ns);
/* Blocks: until a check of this watch that is under way has returned. Threads: any but the watchdog's. */
void watchdog_wait_idle(struct watch *watch);

#endif
