/* Drops stale frames that a live source delivers in a burst after a stall.
 *
 * Only the times of arrival count, so that a source's clock may be fast, slow or missing. The first frame of a burst is
 * shown, then one each BACKLOG_GLIMPSE_NS, until frames come at about their usual distance again.
 * Threads: one at a time. */
#ifndef CAMERAS_URL_BACKLOG_H
#define CAMERAS_URL_BACKLOG_H

#include "cameras/url/cadence.h"

#define BACKLOG_GLIMPSE_NS (100 * NS_PER_MS)

/* Zeroed before the first frame. */
struct backlog {
    int64_t last_ns;  /* when the last frame came; 0: none yet */
    int64_t shown_ns; /* when the last frame came that was not dropped */
    struct cadence cadence;
    bool catching_up;
};

/* A frame came at now_ns (monotonic). True: drop it. */
bool backlog_is_late(struct backlog *backlog, int64_t now_ns);

#endif
