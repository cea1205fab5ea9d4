#include "broker/inbox.h"

#include "broker/base/refcount.h"
#include "broker/base/sync.h"

#include <assert.h>
#include <stdlib.h>

struct inbox {
    struct refcount references;
    struct event event;
    atomic_bool awake;         /* the event is set: spares the system call of setting it again */
    struct lock dispatch_lock; /* of what follows; not needed while publishers do not dispatch */
    inbox_dispatch *dispatch GUARDED_BY(dispatch_lock);
    void *dispatch_user GUARDED_BY(dispatch_lock);
    LIST_HEAD(, inbox_watch) watches;
    struct inbox_watch *round_watch;   /* the next one to look at in this round */
    struct inbox_member *round_member; /* the next one to return, of the watch before round_watch */
};

enum err inbox_create(struct inbox **out) {
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return ERR_MEMORY;
    }
    enum err error = event_init(&inbox->event);
    if (error != ERR_OK) {
        free(inbox);
        return error;
    }
    refcount_init(&inbox->references, 1);
    lock_init(&inbox->dispatch_lock);
    LIST_INIT(&inbox->watches);
    *out = inbox;
    return ERR_OK;
}

struct inbox *inbox_ref(struct inbox *inbox) {
    refcount_take(&inbox->references);
    return inbox;
}

void inbox_unref(struct inbox **inbox_pointer) {
    struct inbox *inbox = *inbox_pointer;
    *inbox_pointer = NULL;
    if (inbox != NULL && refcount_drop(&inbox->references)) {
        event_finish(&inbox->event);
        lock_finish(&inbox->dispatch_lock);
        free(inbox);
    }
}

void inbox_destroy(struct inbox **inbox) {
    assert(*inbox == NULL || LIST_EMPTY(&(*inbox)->watches));
    inbox_unref(inbox);
}

int inbox_fd(const struct inbox *inbox) { return inbox->event.fd; }

/* The caller has set its own news before; inbox_begin() clears `awake` before it looks for news. Both exchange the same
 * flag, so either this call sees the flag clear and sets the event, or the round that begins sees the news. */
void inbox_wake(struct inbox *inbox) {
    if (!atomic_exchange_explicit(&inbox->awake, true, memory_order_acq_rel)) {
        event_set(&inbox->event);
    }
}

static void begin_round(struct inbox *inbox) {
    inbox->round_watch = LIST_FIRST(&inbox->watches);
    inbox->round_member = NULL;
}

void inbox_begin(struct inbox *inbox) {
    event_clear(&inbox->event);
    atomic_exchange_explicit(&inbox->awake, false, memory_order_acq_rel);
    begin_round(inbox);
}

struct subscriber *inbox_next(struct inbox *inbox) {
    while (inbox->round_member == NULL && inbox->round_watch != NULL) {
        struct inbox_watch *watch = inbox->round_watch;
        inbox->round_watch = LIST_NEXT(watch, in_inbox);
        /* Acquire, with the release in inbox_watch_fire(): a round that sees the flag sees the frame. */
        if (atomic_exchange_explicit(&watch->fired, false, memory_order_acq_rel)) {
            inbox->round_member = LIST_FIRST(&watch->members);
        }
    }
    struct inbox_member *member = inbox->round_member;
    if (member == NULL) {
        return NULL;
    }
    inbox->round_member = LIST_NEXT(member, in_watch);
    return member->subscriber;
}

/* ---- Dispatch by publishers ---- */

void inbox_let_publishers_dispatch(struct inbox *inbox, inbox_dispatch *dispatch, void *user) {
    lock_acquire(&inbox->dispatch_lock);
    inbox->dispatch = dispatch;
    inbox->dispatch_user = user;
    lock_release(&inbox->dispatch_lock);
}

void inbox_lock_dispatch(struct inbox *inbox) SYNC_ATTRIBUTE(no_thread_safety_analysis) {
    lock_acquire(&inbox->dispatch_lock);
}

void inbox_unlock_dispatch(struct inbox *inbox) SYNC_ATTRIBUTE(no_thread_safety_analysis) {
    lock_release(&inbox->dispatch_lock);
}

void inbox_notify(struct inbox *inbox) {
    bool dispatched = false;
    if (lock_try(&inbox->dispatch_lock)) {
        if (inbox->dispatch != NULL) {
            begin_round(inbox);
            dispatched = inbox->dispatch(inbox->dispatch_user);
        }
        lock_release(&inbox->dispatch_lock);
    }
    if (!dispatched) {
        inbox_wake(inbox);
    }
}

/* ---- Watches ---- */

struct inbox_watch *inbox_watch_topic(struct inbox *inbox, const struct topic *topic) {
    struct inbox_watch *watch;
    LIST_FOREACH (watch, &inbox->watches, in_inbox) {
        if (watch->topic == topic) {
            return watch;
        }
    }
    watch = calloc(1, sizeof *watch);
    if (watch != NULL) {
        watch->topic = topic;
        watch->inbox = inbox;
        LIST_INIT(&watch->members);
        LIST_INSERT_HEAD(&inbox->watches, watch, in_inbox);
    }
    return watch;
}

void inbox_watch_release(struct inbox_watch *watch) {
    if (!LIST_EMPTY(&watch->members)) {
        return;
    }
    if (watch->inbox->round_watch == watch) {
        watch->inbox->round_watch = LIST_NEXT(watch, in_inbox);
    }
    LIST_REMOVE(watch, in_inbox);
    free(watch);
}

void inbox_watch_add(struct inbox_watch *watch, struct inbox_member *member) {
    LIST_INSERT_HEAD(&watch->members, member, in_watch);
}

void inbox_watch_remove(struct inbox_watch *watch, struct inbox_member *member) {
    if (watch->inbox->round_member == member) {
        watch->inbox->round_member = LIST_NEXT(member, in_watch);
    }
    LIST_REMOVE(member, in_watch);
}

bool inbox_watch_fire(struct inbox_watch *watch) {
    return !atomic_exchange_explicit(&watch->fired, true, memory_order_acq_rel);
}
