/* Accepts connections in civetweb's place, and hands them to it: over IPv6 always, as Debian 12's civetweb 1.15 is
 * built without, and over IPv4 as a relief while clients keep civetweb's workers waiting for the heads of their
 * requests.
 *
 * A connection is kept until the head of its request has arrived, so that none that is silent takes a worker. Then a
 * connection over loopback is made to civetweb's own listener, which takes the head from it. Once civetweb knows the
 * request, its worker calls handoff_take(): that puts the client's own socket into the place of the loopback one, under
 * the same descriptor, so civetweb reads the body from the client, and the reply goes to it, without a relay. The
 * worker is the only user of that descriptor until it closes it (connections.h).
 *
 * Lifecycle: create, start once civetweb listens, stop before civetweb, destroy after it.
 * Threads: handoff_take() from any worker; the others from one thread. A thread of its own accepts and reads heads. */
#ifndef WEB_HTTP_HANDOFF_H
#define WEB_HTTP_HANDOFF_H

#include "broker/base/err.h"
#include "web/http/client_address.h"

#include <stdint.h>

struct connections;
struct handoff;

/* Where civetweb has to listen for it; on the same port, if that is free there: an address in a request line has to
 * have it (RFC 9112, section 3.2.2). */
#define HANDOFF_INNER_ADDRESS "127.0.0.6"

/* Listens on an IPv6 address. ERR_BUSY: the port is taken; ERR_DENIED, ERR_INVALID, ERR_IO,
 * ERR_MEMORY; with a reason. */
CHECKED enum err handoff_create(const char *address, uint16_t port, struct handoff **handoff, struct reason *reason);
/* A relief for the listener of civetweb's that is `listener`, and has this port: it accepts too, from a call of
 * handoff_relieve() on, until some seconds after the last call and until few connections are silent.
 * ERR_MEMORY, ERR_BUSY. */
CHECKED enum err handoff_create_relief(int listener, uint16_t port, struct handoff **handoff);
/* Threads: any, between start and destroy. */
void handoff_relieve(struct handoff *handoff);
/* The port that it listens on. */
uint16_t handoff_port(const struct handoff *handoff);
/* inner_port: civetweb's, on HANDOFF_INNER_ADDRESS. connections is borrowed. ERR_BUSY: no thread; ERR_MEMORY. */
CHECKED enum err handoff_start(struct handoff *handoff, uint16_t inner_port, struct connections *connections);
/* Connections whose requests civetweb has not read yet are closed. *handoff may be NULL in both. */
void handoff_stop(struct handoff *handoff);
void handoff_destroy(struct handoff **handoff);

struct handoff_client {
    int fd;          /* civetweb's number, which is now the client's socket */
    uint64_t client; /* connections_peer() of it */
    char address[ADDRESS_TEXT_BYTES];
    uint16_t port;
};

/* For a request that came to civetweb from 127.0.0.1:inner_client_port. handoff may be NULL. ERR_NOT_FOUND: it is none
 * of ours; ERR_GONE: its client has left. */
CHECKED enum err handoff_take(struct handoff *handoff, uint16_t inner_client_port, struct handoff_client *client);

#endif
