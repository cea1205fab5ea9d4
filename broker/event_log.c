#include "broker/event_log.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>

struct event_log_reader {
    struct event_log *event_log;
    struct event news;
    uint64_t position GUARDED_BY(event_log->lock); /* number of the last entry read */
    bool waits GUARDED_BY(event_log->lock);        /* for the event */
    LIST_ENTRY(event_log_reader) in_event_log GUARDED_BY(event_log->lock);
};

struct event_log {
    struct lock lock;
    uint64_t newest GUARDED_BY(lock);
    bool closed GUARDED_BY(lock);
    LIST_HEAD(, event_log_reader) readers GUARDED_BY(lock);
    struct event_log_entry entries[EVENT_LOG_ENTRIES_MAX] GUARDED_BY(lock); /* by number % EVENT_LOG_ENTRIES_MAX */
};

enum err event_log_create(struct event_log **out) {
    struct event_log *event_log = calloc(1, sizeof *event_log);
    if (event_log == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&event_log->lock);
    *out = event_log;
    return ERR_OK;
}

void event_log_destroy(struct event_log **event_log_pointer) {
    struct event_log *event_log = *event_log_pointer;
    *event_log_pointer = NULL;
    if (event_log == NULL) {
        return;
    }
    assert(LIST_EMPTY(&event_log->readers));
    lock_finish(&event_log->lock);
    free(event_log);
}

/* Only a reader that waits costs a system call, and only the first time. */
static void wake_readers_locked(struct event_log *event_log) REQUIRES(&event_log->lock) {
    struct event_log_reader *reader;
    LIST_FOREACH (reader, &event_log->readers, in_event_log) {
        if (reader->waits) {
            reader->waits = false;
            event_set(&reader->news);
        }
    }
}

void event_log_close(struct event_log *event_log) {
    lock_acquire(&event_log->lock);
    event_log->closed = true;
    wake_readers_locked(event_log);
    lock_release(&event_log->lock);
}

void event_log_publish(struct event_log *event_log, const struct event_log_entry *entry) {
    lock_acquire(&event_log->lock);
    uint64_t number = ++event_log->newest;
    struct event_log_entry *place = &event_log->entries[number % EVENT_LOG_ENTRIES_MAX];
    *place = *entry;
    place->number = number;
    place->at_realtime_ns = clock_realtime_ns();
    wake_readers_locked(event_log);
    lock_release(&event_log->lock);
}

uint64_t event_log_newest(struct event_log *event_log) {
    lock_acquire(&event_log->lock);
    uint64_t newest = event_log->newest;
    lock_release(&event_log->lock);
    return newest;
}

enum err event_log_reader_create(struct event_log *event_log, uint64_t after, struct event_log_reader **out) {
    struct event_log_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    if (event_init(&reader->news) != ERR_OK) {
        free(reader);
        return ERR_BUSY;
    }
    reader->event_log = event_log;
    reader->position = after;
    lock_acquire(&event_log->lock);
    LIST_INSERT_HEAD(&event_log->readers, reader, in_event_log);
    lock_release(&event_log->lock);
    *out = reader;
    return ERR_OK;
}

void event_log_reader_destroy(struct event_log_reader **reader_pointer) {
    struct event_log_reader *reader = *reader_pointer;
    *reader_pointer = NULL;
    if (reader == NULL) {
        return;
    }
    struct event_log *event_log = reader->event_log;
    lock_acquire(&event_log->lock);
    LIST_REMOVE(reader, in_event_log);
    lock_release(&event_log->lock);
    event_finish(&reader->news);
    free(reader);
}

int event_log_reader_fd(const struct event_log_reader *reader) { return reader->news.fd; }

/* ERR_BUSY: there is none yet. */
static enum err read_after_locked(struct event_log *event_log, uint64_t *position, struct event_log_entry *entry,
                                  uint64_t *missed) REQUIRES(&event_log->lock) {
    if (event_log->closed) {
        return ERR_CLOSED;
    }
    if (*position >= event_log->newest) {
        return ERR_BUSY;
    }
    uint64_t oldest = event_log->newest < EVENT_LOG_ENTRIES_MAX ? 1 : event_log->newest - EVENT_LOG_ENTRIES_MAX + 1;
    *missed = *position + 1 < oldest ? oldest - (*position + 1) : 0;
    *position += *missed + 1;
    *entry = event_log->entries[*position % EVENT_LOG_ENTRIES_MAX];
    return ERR_OK;
}

enum err event_log_read_after(struct event_log *event_log, uint64_t *position, struct event_log_entry *entry,
                              uint64_t *missed) {
    lock_acquire(&event_log->lock);
    enum err error = read_after_locked(event_log, position, entry, missed);
    lock_release(&event_log->lock);
    return error;
}

enum err event_log_read(struct event_log_reader *reader, struct event_log_entry *entry, uint64_t *missed) {
    struct event_log *event_log = reader->event_log;
    lock_acquire(&event_log->lock);
    enum err error = read_after_locked(event_log, &reader->position, entry, missed);
    if (error == ERR_BUSY) {
        event_clear(&reader->news);
        reader->waits = true;
    }
    lock_release(&event_log->lock);
    return error;
}
