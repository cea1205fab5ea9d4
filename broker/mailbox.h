/* A mailbox: where frames that come from outside (pushed by cameras over HTTP) wait for the camera's thread. It holds
 * one frame, the newest: one that comes before the last was taken replaces it, and that is counted.
 *
 * Lifecycle: created with the topic of a camera that takes frames, and freed with it; see topic_mailbox().
 * Pushers enter, put frames, and leave; one at a time. The camera opens the mailbox and takes frames from it; while it
 * is not open, frames are dropped, since nobody watches.
 * Threads: any. */
#ifndef BROKER_MAILBOX_H
#define BROKER_MAILBOX_H

#include "broker/frame.h"
#include "broker/sync.h"

struct mailbox;

/* replace: a second pusher takes the first one's place; else it is refused. ERR_MEMORY, ERR_BUSY. */
CHECKED enum err mailbox_create(bool replace, struct mailbox **mailbox);
void mailbox_destroy(struct mailbox **mailbox);

/* ---- Pushers ---- */

/* *ticket stands for this pusher from here to mailbox_leave(). ERR_BUSY: there is one, and it is not to be replaced. */
CHECKED enum err mailbox_enter(struct mailbox *mailbox, uint64_t *ticket);
void mailbox_leave(struct mailbox *mailbox, uint64_t ticket);
/* Takes *frame in any case: its info has sequence, state and captured_realtime_ns where the pusher tells them, else 0.
 * ERR_GONE: another pusher has taken this one's place. Never blocks. */
CHECKED enum err mailbox_put(struct mailbox *mailbox, uint64_t ticket, struct frame **frame);

/* ---- The camera ---- */

void mailbox_open(struct mailbox *mailbox);
/* Drops what waits. */
void mailbox_close(struct mailbox *mailbox);
/* Set while a frame waits; only to be waited for. */
struct event *mailbox_event(struct mailbox *mailbox);
/* A new reference; *lost grows by the frames that it replaced. ERR_BUSY: none waits. */
CHECKED enum err mailbox_take(struct mailbox *mailbox, struct frame **frame, uint64_t *lost);

#endif
