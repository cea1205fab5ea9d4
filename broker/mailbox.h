/* A mailbox: where frames that come from outside (pushed by cameras over HTTP) wait for the camera's thread. It holds
 * one frame, the newest: one that comes before the last was taken replaces it, and that is counted.
 *
 * Lifecycle: part of a topic, see topic_mailbox(). Pushers enter, put frames, and leave; one at a time. The camera
 * opens the mailbox and takes frames from it. While nobody watches it is not open: the newest frame is kept for
 * MAILBOX_KEPT_NS, so that none is lost to a camera that is just about to open.
 * Threads: any. */
#ifndef BROKER_MAILBOX_H
#define BROKER_MAILBOX_H

#include "broker/clock.h"
#include "broker/frame.h"
#include "broker/sync.h"

#include <stdbool.h>

#define MAILBOX_KEPT_NS (1 * NS_PER_S)

struct mailbox {
    struct lock lock;
    struct event *arrival GUARDED_BY(lock); /* the camera's; NULL: it is not open */
    struct frame *waiting GUARDED_BY(lock);
    int64_t put_ns GUARDED_BY(lock);    /* when the last one came (monotonic) */
    uint64_t lost GUARDED_BY(lock);     /* before the one that waits */
    uint64_t tickets GUARDED_BY(lock);  /* given out, ever */
    uint64_t occupant GUARDED_BY(lock); /* the ticket that counts; 0: nobody's */
};

void mailbox_init(struct mailbox *mailbox);
void mailbox_finish(struct mailbox *mailbox);
/* Whoever pushes now has to enter again. */
void mailbox_evict(struct mailbox *mailbox);

/* ---- Pushers ---- */

/* *ticket stands for this pusher from here to mailbox_leave(). replace: it takes the place of one that is there; else
 * ERR_BUSY. */
CHECKED enum err mailbox_enter(struct mailbox *mailbox, bool replace, uint64_t *ticket);
void mailbox_leave(struct mailbox *mailbox, uint64_t ticket);
/* Takes *frame in any case: its info has sequence, state and captured_realtime_ns where the pusher tells them, else 0.
 * ERR_GONE: another pusher has taken this one's place, or it was evicted. Never blocks. */
CHECKED enum err mailbox_put(struct mailbox *mailbox, uint64_t ticket, struct frame **frame);

/* ---- The camera ---- */

/* Drops what has waited for too long. arrival is borrowed until mailbox_close(), and set while a frame waits. */
void mailbox_open(struct mailbox *mailbox, struct event *arrival);
/* Drops what waits. */
void mailbox_close(struct mailbox *mailbox);
/* A new reference; *lost grows by the frames that it replaced. ERR_BUSY: none waits. */
CHECKED enum err mailbox_take(struct mailbox *mailbox, struct frame **frame, uint64_t *lost);

#endif
