/* The watchdog: one thread that looks after any number of wards, each at the time that it asked for.
 *
 * It sleeps until the earliest of these times, and for ever when there is none: nothing ticks.
 * Threads: any, unless said otherwise.
 * Ownership: a ward is embedded in its owner, who removes it before freeing itself. */
#ifndef CAMERAS_WATCHDOG_H
#define CAMERAS_WATCHDOG_H

#include "broker/clock.h"
#include "broker/sync.h"

struct watchdog;

/* Called on the watchdog's thread, without a lock. Returns when to look again (monotonic): CLOCK_NEVER leaves that to
 * watchdog_attend(). It must not block, since other wards wait meanwhile. */
typedef int64_t watchdog_look(void *user, int64_t now_ns);

/* The fields are the watchdog's own, guarded by its lock. */
struct ward {
    struct watchdog *watchdog;
    watchdog_look *look;
    void *user;
    int64_t due_ns;
    struct ward *next;
};

CHECKED enum err watchdog_create(struct watchdog **watchdog);
/* No ward may be left. Blocks: until the thread has ended. */
void watchdog_destroy(struct watchdog **watchdog);

/* Nothing is looked at before the first watchdog_attend(). user is borrowed until watchdog_remove() returns. */
void watchdog_add(struct watchdog *watchdog, struct ward *ward, watchdog_look *look, void *user);
/* Blocks: until a look that is under way has returned. */
void watchdog_remove(struct ward *ward);
/* Have a look at at_ns at the latest. Cheap, and wakes nobody unless that is earlier than anything asked for. */
void watchdog_attend(struct ward *ward, int64_t at_ns);
/* Blocks: until a look at this ward that is under way has returned. Threads: any but the watchdog's. */
void watchdog_settle(struct ward *ward);

#endif
