/* The connections that a handoff (handoff.h) keeps, each in a slot: from when it is accepted, while its head is read,
 * until a worker of civetweb takes it.
 *
 * Lifecycle: init, allocate, finish.
 * Threads: handoff_slots_take() from any; the others from the handoff's own.
 * Ownership: a slot that is not free owns its sockets. */
#ifndef WEB_HTTP_HANDOFF_SLOTS_H
#define WEB_HTTP_HANDOFF_SLOTS_H

#include "broker/base/err.h"
#include "broker/base/sync.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Slots that are read belong to the thread, those that are handed over to whichever takes them under the lock. */
enum handoff_slot_state { SLOT_FREE, SLOT_READING, SLOT_HANDED };

struct handoff_slot {
    enum handoff_slot_state state GUARDED_BY(lock);
    uint32_t generation; /* the thread's: of the connection, so that no late event means another */
    int outer;           /* the client's socket */
    int inner;           /* our end of the loopback connection; -1: none yet */
    uint16_t inner_port;
    uint64_t client;
    int64_t since_ns;
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6; /* has its port at the same place */
    } peer;
};

#define HANDOFF_COUNTERS 1024u

struct handoff_slots {
    struct lock lock;
    size_t count; /* this and the next: set once, under the lock */
    struct handoff_slot *slots;
    bool is_full GUARDED_BY(lock);        /* the thread waits for a slot */
    size_t handed_count GUARDED_BY(lock); /* slots */
    /* The thread's own: */
    size_t reading_count;                /* slots */
    unsigned counters[HANDOFF_COUNTERS]; /* of handoff_slots_choose_victim() */
};

/* slots is zeroed. */
void handoff_slots_init(struct handoff_slots *slots);
/* Once; handoff_slots_take() may be called before, and finds none. ERR_MEMORY. */
CHECKED enum err handoff_slots_allocate(struct handoff_slots *slots, size_t count);
/* All slots are free by then. */
void handoff_slots_finish(struct handoff_slots *slots);

enum handoff_slot_state handoff_slots_state(struct handoff_slots *slots, const struct handoff_slot *slot);
/* NULL: there is none, and the next handoff_slots_take() says so. */
struct handoff_slot *handoff_slots_find_free(struct handoff_slots *slots);
/* Which connection may make room for another: of the address with the most silent ones, the one that has waited
 * longest. NULL: none may go. */
struct handoff_slot *handoff_slots_choose_victim(struct handoff_slots *slots);
/* A free slot is filled: it becomes one that is read, and later one that is handed over. */
void handoff_slots_begin_reading(struct handoff_slots *slots, struct handoff_slot *slot);
void handoff_slots_hand_over(struct handoff_slots *slots, struct handoff_slot *slot);
/* Ends a connection, unless a worker has taken it. */
void handoff_slots_drop(struct handoff_slots *slots, struct handoff_slot *slot);
/* Takes the connection whose loopback end has this port, with its sockets. False: there is none.
 * *was_full: the thread waited for a slot. */
bool handoff_slots_take(struct handoff_slots *slots, uint16_t inner_port, struct handoff_slot *taken, bool *was_full);

#endif
