#include "broker/mailbox.h"

#include <stdlib.h>

struct mailbox {
    bool replace;
    struct event event;
    struct lock lock;
    bool open GUARDED_BY(lock);
    struct frame *waiting GUARDED_BY(lock);
    uint64_t lost GUARDED_BY(lock);     /* before the one that waits */
    uint64_t tickets GUARDED_BY(lock);  /* given out, ever */
    uint64_t occupant GUARDED_BY(lock); /* the ticket that counts; 0: nobody's */
};

enum err mailbox_create(bool replace, struct mailbox **out) {
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (mailbox == NULL) {
        return ERR_MEMORY;
    }
    enum err error = event_init(&mailbox->event);
    if (error != ERR_OK) {
        free(mailbox);
        return error;
    }
    mailbox->replace = replace;
    lock_init(&mailbox->lock);
    *out = mailbox;
    return ERR_OK;
}

void mailbox_destroy(struct mailbox **mailbox_pointer) {
    struct mailbox *mailbox = *mailbox_pointer;
    *mailbox_pointer = NULL;
    if (mailbox == NULL) {
        return;
    }
    frame_unref(&mailbox->waiting);
    event_finish(&mailbox->event);
    lock_finish(&mailbox->lock);
    free(mailbox);
}

enum err mailbox_enter(struct mailbox *mailbox, uint64_t *ticket) {
    lock_acquire(&mailbox->lock);
    bool taken = mailbox->occupant != 0 && !mailbox->replace;
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
    bool kept = ours && mailbox->open;
    if (kept) {
        struct frame *replaced = mailbox->waiting;
        mailbox->waiting = unwanted;
        mailbox->lost += replaced != NULL;
        unwanted = replaced;
    }
    lock_release(&mailbox->lock);
    frame_unref(&unwanted);
    if (kept) {
        event_set(&mailbox->event);
    }
    return ours ? ERR_OK : ERR_GONE;
}

static void set_open(struct mailbox *mailbox, bool open) {
    lock_acquire(&mailbox->lock);
    struct frame *waiting = mailbox->waiting;
    mailbox->waiting = NULL;
    mailbox->lost = 0;
    mailbox->open = open;
    lock_release(&mailbox->lock);
    frame_unref(&waiting);
}

void mailbox_open(struct mailbox *mailbox) { set_open(mailbox, true); }

void mailbox_close(struct mailbox *mailbox) { set_open(mailbox, false); }

struct event *mailbox_event(struct mailbox *mailbox) {
    return &mailbox->event;
}

enum err mailbox_take(struct mailbox *mailbox, struct frame **frame, uint64_t *lost) {
    event_clear(&mailbox->event);
    lock_acquire(&mailbox->lock);
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
