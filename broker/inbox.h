/* An inbox: how one thread learns which of its subscribers have news. Its descriptor becomes readable when any has, and
 * inbox_next() then returns them one by one: a thread with a thousand clients is woken once a frame, not a
 * thousand times.
 *
 * A watch is an inbox's interest in one topic; it exists while a subscriber of that inbox is on that topic.
 *
 * Lifecycle: create; subscribers come and go; destroy after the last has been destroyed.
 * Threads: the inbox's own thread, unless said otherwise.
 * Ownership: reference-counted; a subscriber holds a reference, and so does a publisher that is about to notify it. */
#ifndef BROKER_INBOX_H
#define BROKER_INBOX_H

#include "broker/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

struct inbox;
struct subscriber;
struct topic;

/* ERR_MEMORY; ERR_BUSY: no descriptor is left. */
CHECKED enum err inbox_create(struct inbox **inbox);
/* Drops the owner's reference; *inbox may be NULL. No subscriber may be left. */
void inbox_destroy(struct inbox **inbox);
/* Readable while there may be news. Threads: any. */
int inbox_fd(const struct inbox *inbox);
/* Makes inbox_fd() readable, for the owner's own purposes. Threads: any. */
void inbox_wake(struct inbox *inbox);
/* Starts a round: clears the descriptor. inbox_next() then returns each subscriber with news since its topic's last
 * round, and NULL at the end. Subscribers may come and go during a round. */
void inbox_begin(struct inbox *inbox);
struct subscriber *inbox_next(struct inbox *inbox);

/* ---- Dispatch by publishers ---- */

/* Called on the publisher's thread, without a lock of the topic, as a round of its own: goes through inbox_next() and
 * returns true, or returns false and leaves the news to the owner. Must not block. */
typedef bool inbox_dispatch(void *user);
/* Lets publishers dispatch the news of frames, which spares waking the owner. From then on the inbox and its
 * subscribers are used under the dispatch lock: dispatch() is called with it held, and the owner holds it except while
 * it waits for news. NULL ends this once a call under way has returned. Threads: the owner, without the dispatch lock.
 */
void inbox_let_publishers_dispatch(struct inbox *inbox, inbox_dispatch *dispatch, void *user);
/* Blocks: while a publisher dispatches. */
void inbox_lock_dispatch(struct inbox *inbox);
void inbox_unlock_dispatch(struct inbox *inbox);

/* ---- For subscribers and topics ---- */

/* A subscriber's place in its watch. */
struct inbox_member {
    struct subscriber *subscriber;
    LIST_ENTRY(inbox_member) in_watch;
};

struct inbox_watch {
    const struct topic *topic;
    struct inbox *inbox;
    atomic_bool fired; /* published since the inbox's last round */
    LIST_HEAD(, inbox_member) members;
    LIST_ENTRY(inbox_watch) in_inbox;
    LIST_ENTRY(inbox_watch) in_topic; /* the topic's, under its lock */
};

/* Threads: any. */
struct inbox *inbox_ref(struct inbox *inbox);
void inbox_unref(struct inbox **inbox);

/* The inbox's watch on the topic, made where there is none yet. NULL: no memory. */
struct inbox_watch *inbox_watch_topic(struct inbox *inbox, const struct topic *topic);
/* Frees a watch without members. */
void inbox_watch_release(struct inbox_watch *watch);
void inbox_watch_add(struct inbox_watch *watch, struct inbox_member *member);
void inbox_watch_remove(struct inbox_watch *watch, struct inbox_member *member);

/* There is news for the watch's members. True: inbox_notify() or inbox_wake() must follow; false: one is on its way.
 * Threads: any. */
bool inbox_watch_fire(struct inbox_watch *watch);
/* Dispatches news of a frame at once where that is possible, and wakes the owner otherwise. Threads: any, without a
 * lock of the topic. */
void inbox_notify(struct inbox *inbox);

#endif
