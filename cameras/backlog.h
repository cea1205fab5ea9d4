/* Which frames of a live source are old news: after a stall, what was sent meanwhile arrives in a burst, and only the
 * newest of it is worth showing.
 *
 * It goes by the times of arrival alone, so that a source's clock may be fast, slow or missing. The first frame of a
 * burst is shown, then one each BACKLOG_GLIMPSE_NS, until frames come at about their usual distance again.
 * Threads: one at a time. */
#ifndef CAMERAS_BACKLOG_H
#define CAMERAS_BACKLOG_H

#include "broker/clock.h"

#include <stdbool.h>

#define BACKLOG_GLIMPSE_NS (100 * NS_PER_MS)

/* Zeroed before the first frame. */
struct backlog {
    int64_t last_ns;   /* when the last frame came; 0: none yet */
    int64_t shown_ns;  /* when the last one came that was to be shown */
    int64_t period_ns; /* from frame to frame, usually; 0: unknown */
    bool catching_up;
};

/* A frame came at now_ns (monotonic). True: leave it out. */
bool backlog_is_late(struct backlog *backlog, int64_t now_ns);

#endif
