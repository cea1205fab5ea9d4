/* The receivers' thread: reads the bodies of requests that have left their workers, such as frames that a camera sends
 * for hours.
 *
 * Lifecycle: create, begin any number of bodies, stop, destroy.
 * Threads: as each function says. Lock order: innermost. */
#ifndef WEB_STREAM_RECEIVERS_H
#define WEB_STREAM_RECEIVERS_H

#include "broker/base/err.h"
#include "web/http/http_body.h"

struct receivers;

struct receiver_settings {
    const struct http_body *body; /* borrowed during the call; its fd until `ended` is called */
    /* Takes decoded bytes, as they arrive. ERR_CLOSED: it needs no more; any other error ends the body, too. On the
     * receivers' thread, which must not wait there. */
    enum err (*take)(void *user, const uint8_t *bytes, size_t count);
    /* When more must have come (monotonic). */
    int64_t (*deadline_ns)(void *user);
    /* Called once, when it is over, on the receivers' thread. ERR_OK: the whole body has been taken, or
     * `take` needed no more; ERR_TIMEOUT: the deadline has passed; ERR_GONE: the client has left before the end;
     * ERR_INTERRUPTED: receivers_stop(); what `take` returned. */
    void (*ended)(void *user, enum err result);
    void *user;
};

/* ERR_MEMORY, ERR_BUSY: no descriptor. */
CHECKED enum err receivers_create(struct receivers **receivers);
/* Threads: any. ERR_MEMORY; ERR_BUSY: no thread; ERR_CLOSED: after receivers_stop(). Then `ended` is not called. */
CHECKED enum err receivers_begin(struct receivers *receivers, const struct receiver_settings *settings);
/* Ends all bodies, and refuses every one that comes later; every `ended` has been called when it returns. Any number of
 * times, from one thread. */
void receivers_stop(struct receivers *receivers);
void receivers_destroy(struct receivers **receivers);

#endif
