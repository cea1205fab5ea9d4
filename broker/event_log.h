/* The event log: recent events, numbered from 1, for any number of readers.
 *
 * Publishing never waits for a reader: the newest EVENT_LOG_ENTRIES_MAX entries are kept, and a reader that is slower
 * learns how many it has missed.
 *
 * Lifecycle: the broker's. Readers are destroyed before it.
 * Threads: any; a reader belongs to one thread at a time. */
#ifndef BROKER_EVENT_LOG_H
#define BROKER_EVENT_LOG_H

#include "broker/base/err.h"
#include "broker/camera_state.h"
#include "broker/motion.h"

#include <stdint.h>

#define EVENT_LOG_ENTRIES_MAX 1024
#define EVENT_LOG_CAMERA_BYTES 65
#define SUBSCRIBER_REMOTE_BYTES 64

enum event_log_kind {
    EVENT_LOG_STATE,        /* a camera's: from, to, reason */
    EVENT_LOG_VIEWER_CAME,  /* of a stream: viewer, remote, route */
    EVENT_LOG_VIEWER_LEFT,  /* the same */
    EVENT_LOG_CAMERA_ADDED, /* to those that are served */
    EVENT_LOG_CAMERA_REMOVED,
    EVENT_LOG_RELOADED,            /* the configuration; of no camera */
    EVENT_LOG_RELOAD_FAILED,       /* reason; nothing has changed */
    EVENT_LOG_MOTION_BEGAN,        /* in a camera's pictures: motion */
    EVENT_LOG_MOTION_ENDED,        /* the same */
    EVENT_LOG_RECORDING_FULL,      /* nothing is recorded: there is no room; reason */
    EVENT_LOG_RECORDING_FAILED,    /* nothing is recorded; reason */
    EVENT_LOG_RECORDING_RECOVERED, /* recording goes on */
};

struct event_log_entry {
    uint64_t number;
    int64_t at_realtime_ns;
    enum event_log_kind kind;
    char camera[EVENT_LOG_CAMERA_BYTES]; /* its id; "": none */
    enum camera_state from, to;
    struct reason reason; /* "": none */
    uint64_t viewer;      /* subscriber_id() */
    char remote[SUBSCRIBER_REMOTE_BYTES];
    const char *route; /* static */
    struct motion_record motion;
};

struct event_log;
struct event_log_reader;

CHECKED enum err event_log_create(struct event_log **event_log);
void event_log_destroy(struct event_log **event_log);
/* Readers are woken and get ERR_CLOSED. Any number of times. */
void event_log_close(struct event_log *event_log);

/* Numbers and dates the entry, which is copied. */
void event_log_publish(struct event_log *event_log, const struct event_log_entry *entry);
/* The first entry after number *position, to which *position then advances, for a reader that needs no descriptor of
 * its own. *missed: as event_log_read(). ERR_BUSY: there is none yet; ERR_CLOSED. */
CHECKED enum err event_log_read_after(struct event_log *event_log, uint64_t *position, struct event_log_entry *entry,
                                      uint64_t *missed);
/* Of the newest entry; 0 before the first. */
uint64_t event_log_newest(struct event_log *event_log);

/* The first entry read is the one after number `after`. ERR_MEMORY, ERR_BUSY: no descriptor. */
CHECKED enum err event_log_reader_create(struct event_log *event_log, uint64_t after, struct event_log_reader **reader);
void event_log_reader_destroy(struct event_log_reader **reader);
/* Readable once event_log_read() has given ERR_BUSY and there is more to be read. */
int event_log_reader_fd(const struct event_log_reader *reader);
/* The next entry. *missed: how many before it are no longer kept. ERR_BUSY: there is none yet; ERR_CLOSED. */
CHECKED enum err event_log_read(struct event_log_reader *reader, struct event_log_entry *entry, uint64_t *missed);

#endif
