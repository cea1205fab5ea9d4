/* The writers' thread: owns the sockets of long answers that are made piece by piece, such as event streams.
 *
 * An answer's producer is asked for a piece when the socket has taken the one before, and, after it had none, each time
 * that the source has news. So a client that stops reading costs one piece of memory and no work, and a producer is
 * never ahead of its client. A client that takes nothing for ten seconds is dropped; one that leaves is noticed at
 * once.
 *
 * Lifecycle: create, begin any number of answers, stop, destroy.
 * Threads: as each function says. Lock order: innermost. */
#ifndef WEB_STREAM_WRITERS_H
#define WEB_STREAM_WRITERS_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The longest piece that a producer makes. */
#define WRITERS_PIECE_MAX_BYTES ((size_t)64 << 10)

struct writers;

/* Whose news make producers that had nothing worth asking again. */
struct writers_source {
    int fd;                    /* polls as readable while there is news; -1: there is no source */
    void (*clear)(void *user); /* makes it unreadable, until there is news again; on the writers' thread */
    void *user;
};

struct writer_settings {
    int fd; /* connected, the response's head already sent; borrowed until `ended` is called */
    /* Writes the next piece: of *count bytes, from 1 to WRITERS_PIECE_MAX_BYTES. ERR_BUSY: there is none yet.
     * ERR_CLOSED: nor will there be any. On the writers' thread, which must not wait there. */
    enum err (*produce)(void *user, char piece[WRITERS_PIECE_MAX_BYTES], size_t *count);
    const char *heartbeat; /* sent when nothing was for 15 s; static; NULL: none */
    /* Called once, when the answer is over, on the writers' thread. */
    void (*ended)(void *user);
    void *user;
};

/* ERR_MEMORY, ERR_BUSY: no descriptor. */
CHECKED enum err writers_create(const struct writers_source *source, struct writers **writers);
/* Threads: any. ERR_MEMORY; ERR_BUSY: no thread; ERR_CLOSED: after writers_stop(). Then `ended` is not called. */
CHECKED enum err writers_begin(struct writers *writers, const struct writer_settings *settings);
/* Ends all answers, and refuses every one that comes later. Threads: any. Does not wait. */
void writers_stop(struct writers *writers);
/* Stops them and joins the thread: every `ended` has been called. */
void writers_destroy(struct writers **writers);

#endif
