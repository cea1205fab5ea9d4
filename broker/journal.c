#include "broker/journal.h"

#include "broker/clock.h"
#include "broker/sync.h"

#include <assert.h>
#include <stdlib.h>

struct journal_reader {
    struct journal *journal;
    struct event news;
    uint64_t next GUARDED_BY(journal->lock); /* number to be read */
    bool waits GUARDED_BY(journal->lock);    /* for the event */
    struct journal_reader *next_reader GUARDED_BY(journal->lock);
};

struct journal {
    struct lock lock;
    uint64_t newest GUARDED_BY(lock);
    bool closed GUARDED_BY(lock);
    struct journal_reader *readers GUARDED_BY(lock);
    struct journal_entry entries[JOURNAL_ENTRIES_MAX] GUARDED_BY(lock); /* by number % JOURNAL_ENTRIES_MAX */
};

enum err journal_create(struct journal **out) {
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&journal->lock);
    *out = journal;
    return ERR_OK;
}

void journal_destroy(struct journal **journal_pointer) {
    struct journal *journal = *journal_pointer;
    *journal_pointer = NULL;
    if (journal == NULL) {
        return;
    }
    assert(journal->readers == NULL);
    lock_finish(&journal->lock);
    free(journal);
}

/* Only a reader that waits costs a system call, and only the first time. */
static void wake_readers_locked(struct journal *journal) REQUIRES(&journal->lock) {
    for (struct journal_reader *reader = journal->readers; reader != NULL; reader = reader->next_reader) {
        if (reader->waits) {
            reader->waits = false;
            event_set(&reader->news);
        }
    }
}

void journal_close(struct journal *journal) {
    lock_acquire(&journal->lock);
    journal->closed = true;
    wake_readers_locked(journal);
    lock_release(&journal->lock);
}

void journal_publish(struct journal *journal, const struct journal_entry *entry) {
    lock_acquire(&journal->lock);
    uint64_t number = ++journal->newest;
    struct journal_entry *place = &journal->entries[number % JOURNAL_ENTRIES_MAX];
    *place = *entry;
    place->number = number;
    place->at_realtime_ns = clock_realtime_ns();
    wake_readers_locked(journal);
    lock_release(&journal->lock);
}

uint64_t journal_newest(struct journal *journal) {
    lock_acquire(&journal->lock);
    uint64_t newest = journal->newest;
    lock_release(&journal->lock);
    return newest;
}

enum err journal_reader_create(struct journal *journal, uint64_t after, struct journal_reader **out) {
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    if (event_init(&reader->news) != ERR_OK) {
        free(reader);
        return ERR_BUSY;
    }
    reader->journal = journal;
    reader->next = after + 1;
    lock_acquire(&journal->lock);
    reader->next_reader = journal->readers;
    journal->readers = reader;
    lock_release(&journal->lock);
    *out = reader;
    return ERR_OK;
}

void journal_reader_destroy(struct journal_reader **reader_pointer) {
    struct journal_reader *reader = *reader_pointer;
    *reader_pointer = NULL;
    if (reader == NULL) {
        return;
    }
    struct journal *journal = reader->journal;
    lock_acquire(&journal->lock);
    struct journal_reader **link = &journal->readers;
    while (*link != reader) {
        link = &(*link)->next_reader;
    }
    *link = reader->next_reader;
    lock_release(&journal->lock);
    event_finish(&reader->news);
    free(reader);
}

int journal_reader_fd(const struct journal_reader *reader) { return reader->news.fd; }

enum err journal_read(struct journal_reader *reader, struct journal_entry *entry, uint64_t *missed) {
    struct journal *journal = reader->journal;
    enum err error = ERR_OK;
    lock_acquire(&journal->lock);
    if (journal->closed) {
        error = ERR_CLOSED;
    } else if (reader->next > journal->newest) {
        event_clear(&reader->news);
        reader->waits = true;
        error = ERR_BUSY;
    } else {
        uint64_t oldest = journal->newest < JOURNAL_ENTRIES_MAX ? 1 : journal->newest - JOURNAL_ENTRIES_MAX + 1;
        *missed = reader->next < oldest ? oldest - reader->next : 0;
        reader->next += *missed;
        *entry = journal->entries[reader->next % JOURNAL_ENTRIES_MAX];
        reader->next++;
    }
    lock_release(&journal->lock);
    return error;
}
