/* The journal: what has happened lately, numbered from 1, for whoever wants to hear of it.
 *
 * Publishing never waits for a reader: the newest JOURNAL_ENTRIES_MAX entries are kept, and a reader that is slower is
 * told how many it has missed.
 *
 * Lifecycle: the broker's. Readers are gone before it is destroyed.
 * Threads: any; a reader belongs to one thread at a time. */
#ifndef BROKER_JOURNAL_H
#define BROKER_JOURNAL_H

#include "broker/err.h"
#include "broker/state.h"

#include <stdint.h>

#define JOURNAL_ENTRIES_MAX 1024
#define JOURNAL_CAMERA_BYTES 65
#define SUBSCRIBER_REMOTE_BYTES 64

enum journal_kind {
    JOURNAL_STATE,        /* a camera's: from, to, reason */
    JOURNAL_VIEWER_CAME,  /* of a stream: viewer, remote, route */
    JOURNAL_VIEWER_LEFT,  /* the same */
    JOURNAL_CAMERA_ADDED, /* to those that are served */
    JOURNAL_CAMERA_REMOVED,
    JOURNAL_RELOADED,      /* the configuration; of no camera */
    JOURNAL_RELOAD_FAILED, /* reason; nothing has changed */
};

struct journal_entry {
    uint64_t number;
    int64_t at_realtime_ns;
    enum journal_kind kind;
    char camera[JOURNAL_CAMERA_BYTES]; /* its id; "": none */
    enum camera_state from, to;
    struct reason reason; /* "": none */
    uint64_t viewer;      /* subscriber_id() */
    char remote[SUBSCRIBER_REMOTE_BYTES];
    const char *route; /* static */
};

struct journal;
struct journal_reader;

CHECKED enum err journal_create(struct journal **journal);
void journal_destroy(struct journal **journal);
/* Readers are woken and get ERR_CLOSED. Any number of times. */
void journal_close(struct journal *journal);

/* Numbers and dates the entry, which is copied. */
void journal_publish(struct journal *journal, const struct journal_entry *entry);
/* Of the newest entry; 0 before the first. */
uint64_t journal_newest(struct journal *journal);

/* The first entry read is the one after number `after`. ERR_MEMORY, ERR_BUSY: no descriptor. */
CHECKED enum err journal_reader_create(struct journal *journal, uint64_t after, struct journal_reader **reader);
void journal_reader_destroy(struct journal_reader **reader);
/* Readable once journal_read() has given ERR_BUSY and there is more to be read. */
int journal_reader_fd(const struct journal_reader *reader);
/* The next entry. *missed: how many before it are not kept any more. ERR_BUSY: there is none yet; ERR_CLOSED. */
CHECKED enum err journal_read(struct journal_reader *reader, struct journal_entry *entry, uint64_t *missed);

#endif
