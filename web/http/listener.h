/* One address that is listened on: a context of civetweb with threads of its own, and the reaper in front of them.
 *
 * Lifecycle: listener_start() returns once every thread runs; listener_stop() returns once every request has ended, so
 * whatever a request waits for has to be ended before.
 * Threads: start and stop from one thread, not from a request. */
#ifndef WEB_HTTP_LISTENER_H
#define WEB_HTTP_LISTENER_H

#include "broker/base/err.h"
#include "web/http/http.h"
#include "web/http/listen_address.h"

#include <stdint.h>

struct listener_settings {
    struct listen_address listen;
    unsigned workers;      /* requests at the same time */
    unsigned spare;        /* with fewer workers free than that, clients that keep theirs waiting are reaped */
    unsigned detached_max; /* sockets that outlive their requests, at the same time */
    /* Answers a request. refusal: 0, or the status with which it has to be refused, since it is not one that can be
     * read. Called from the workers, any number at once. */
    void (*answer)(void *user, struct http_request *request, int refusal);
    void *user; /* outlives the listener */
};

struct listener;

/* ERR_BUSY: the port is in use, or there are not enough threads; reason says so, as for all others. */
CHECKED enum err listener_start(const struct listener_settings *settings, struct listener **listener,
                                struct reason *reason);
/* Takes some 0.1 s. */
void listener_stop(struct listener **listener);
/* Whether it works: it answers /healthz, or while it is so overrun that it cannot in time, gets done with others.
 * Blocks: a second at most, and a few milliseconds while all is well. Errors: those of self_check(). */
CHECKED enum err listener_check(struct listener *listener, struct reason *reason);
/* The port that it really listens on. */
uint16_t listener_port(const struct listener *listener);

#endif
