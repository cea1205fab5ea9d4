/* A mailbox: where frames that come from outside (pushed by cameras over HTTP) wait for the camera's thread. It holds
 * the newest frame: a frame that arrives before the last was taken replaces it, which is counted.
 *
 * Lifecycle: part of a topic, see topic_mailbox(). A pusher enters, puts frames, and leaves; one at a time. The camera
 * opens the mailbox and takes frames from it. While the camera has no viewers the mailbox is not open: the newest frame
 * is kept for MAILBOX_KEPT_NS, so that it is not lost to a camera that is just about to open.
 * Threads: any. */
#ifndef BROKER_FRAME_MAILBOX_H
#define BROKER_FRAME_MAILBOX_H

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "broker/frame/frame.h"

#include <stdbool.h>

#define MAILBOX_KEPT_NS (1 * NS_PER_S)
#define PUSH_KEY_MAX_BYTES 200

struct mailbox {
    struct lock lock;
    char key[PUSH_KEY_MAX_BYTES + 1] GUARDED_BY(lock); /* that pushers must present; "": none may push */
    bool replaces GUARDED_BY(lock);                    /* a second pusher takes the first one's place */
    struct event *arrival GUARDED_BY(lock);            /* the camera's; NULL: the mailbox is not open */
    struct frame *waiting GUARDED_BY(lock);
    int64_t put_ns GUARDED_BY(lock);    /* when the last frame came (monotonic) */
    uint64_t lost GUARDED_BY(lock);     /* before the one that waits */
    uint64_t tickets GUARDED_BY(lock);  /* given out, ever */
    uint64_t occupant GUARDED_BY(lock); /* the ticket that is valid; 0: none */
};

void mailbox_init(struct mailbox *mailbox);
void mailbox_finish(struct mailbox *mailbox);
/* The present pusher has to enter again. */
void mailbox_evict(struct mailbox *mailbox);

/* ---- The owner ---- */

/* key is copied, cut at PUSH_KEY_MAX_BYTES; NULL or "": none may push. Another key than before evicts the pusher. */
void mailbox_set_key(struct mailbox *mailbox, const char *key, bool replaces);

/* ---- Pushers ---- */

bool mailbox_has_key(struct mailbox *mailbox);
/* The key that a pusher must present, which the caller checks; "": none may push. */
void mailbox_copy_key(struct mailbox *mailbox, char key[PUSH_KEY_MAX_BYTES + 1]);
/* *ticket stands for this pusher from here to mailbox_leave(). ERR_BUSY: another is there, and is not to be replaced.
 */
CHECKED enum err mailbox_enter(struct mailbox *mailbox, uint64_t *ticket);
void mailbox_leave(struct mailbox *mailbox, uint64_t ticket);
/* Takes *frame in any case: its info has sequence, state and captured_realtime_ns where the pusher gives them, else 0.
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
