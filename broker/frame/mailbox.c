#include "broker/frame/mailbox.h"

#include <stdio.h>
#include <string.h>

void mailbox_init(struct mailbox *mailbox) {
    *mailbox = (struct mailbox){0};
    lock_init(&mailbox->lock);
}

void mailbox_finish(struct mailbox *mailbox) {
    frame_unref(&mailbox->waiting);
    lock_finish(&mailbox->lock);
}

void mailbox_evict(struct mailbox *mailbox) {
    lock_acquire(&mailbox->lock);
    mailbox->occupant = 0;
    lock_release(&mailbox->lock);
}

void mailbox_set_key(struct mailbox *mailbox, const char *key, bool replaces) {
    char copy[PUSH_KEY_MAX_BYTES + 1];
    snprintf(copy, sizeof copy, "%s", key != NULL ? key : "");
    lock_acquire(&mailbox->lock);
    if (strcmp(mailbox->key, copy) != 0) {
        mailbox->occupant = 0;
    }
    memcpy(mailbox->key, copy, sizeof copy);
    mailbox->replaces = replaces;
    lock_release(&mailbox->lock);
}

bool mailbox_has_key(struct mailbox *mailbox) {
    lock_acquire(&mailbox->lock);
    bool has_key = mailbox->key[0] != '\0';
    lock_release(&mailbox->lock);
    return has_key;
}

void mailbox_copy_key(struct mailbox *mailbox, char key[PUSH_KEY_MAX_BYTES + 1]) {
    lock_acquire(&mailbox->lock);
    memcpy(key, mailbox->key, sizeof mailbox->key);
    lock_release(&mailbox->lock);
}

enum err mailbox_enter(struct mailbox *mailbox, uint64_t *ticket) {
    lock_acquire(&mailbox->lock);
    bool taken = mailbox->occupant != 0 && !mailbox->replaces;
    if (!taken) {
        *ticket = mailbox->occupant = ++mailbox->tickets;
    }
    lock_release(&mailbox->lock);
    return taken ? ERR_BUSY : ERR_OK;
}

void mailbox_leave(struct mailbox *mailbox, uint64_t ticket) {
    lock_acquire(&mailbox->lock);
    if (mailbox->occupant == ticket) {
        mailbox->occupant = 0;
    }
    lock_release(&mailbox->lock);
}

enum err mailbox_put(struct mailbox *mailbox, uint64_t ticket, struct frame **frame) {
    struct frame *unwanted = *frame;
    *frame = NULL;
    lock_acquire(&mailbox->lock);
    bool ours = mailbox->occupant == ticket;
    if (ours) {
        struct frame *replaced = mailbox->waiting;
        mailbox->waiting = unwanted;
        mailbox->put_ns = clock_monotonic_ns();
        mailbox->lost += replaced != NULL;
        unwanted = replaced;
        if (mailbox->arrival != NULL) {
            event_set(mailbox->arrival); /* the lock keeps it alive, and setting it does not block */
        }
    }
    lock_release(&mailbox->lock);
    frame_unref(&unwanted);
    return ours ? ERR_OK : ERR_GONE;
}

void mailbox_open(struct mailbox *mailbox, struct event *arrival) {
    struct frame *old = NULL;
    lock_acquire(&mailbox->lock);
    if (clock_monotonic_ns() - mailbox->put_ns > MAILBOX_KEPT_NS) {
        old = mailbox->waiting;
        mailbox->waiting = NULL;
    }
    mailbox->lost = 0;
    mailbox->arrival = arrival;
    if (mailbox->waiting != NULL) {
        event_set(arrival);
    }
    lock_release(&mailbox->lock);
    frame_unref(&old);
}

void mailbox_close(struct mailbox *mailbox) {
    lock_acquire(&mailbox->lock);
    struct frame *waiting = mailbox->waiting;
    mailbox->waiting = NULL;
    mailbox->arrival = NULL;
    lock_release(&mailbox->lock);
    frame_unref(&waiting);
}

enum err mailbox_take(struct mailbox *mailbox, struct frame **frame, uint64_t *lost) {
    lock_acquire(&mailbox->lock);
    if (mailbox->arrival != NULL) {
        event_clear(mailbox->arrival);
    }
    struct frame *taken = mailbox->waiting;
    mailbox->waiting = NULL;
    *lost += mailbox->lost;
    mailbox->lost = 0;
    lock_release(&mailbox->lock);
    if (taken == NULL) {
        return ERR_BUSY;
    }
    *frame = taken;
    return ERR_OK;
}
