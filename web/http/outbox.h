/* The outbox: sends what is left of replies and closes their connections, so that no worker waits for a client.
 *
 * A reply is sent at once as far as the socket takes it, which nearly always is all of it, and the connection is
 * closed. Otherwise the rest is copied, and one thread sends it as the client reads it. A client that has sent more
 * than was read of it (the rest of a refused body) is read from until it has seen the end of its reply: to close the
 * socket at once would reset the connection, and the reply would be lost with it (RFC 9112, section 9.6).
 *
 * Bounded: a client that takes nothing for 10 s, or has not closed within 2 s of the end, is dropped; so is a reply for
 * whose rest there is no room, of bytes or of connections (1024), all together or in the share of its client's address.
 *
 * Lifecycle: create, any number of sends, destroy; what is under way then is dropped.
 * Threads: any. */
#ifndef WEB_HTTP_OUTBOX_H
#define WEB_HTTP_OUTBOX_H

#include "broker/base/err.h"

#include <stddef.h>

struct outbox;

/* room_bytes: of all that is kept for slow clients at the same time. ERR_MEMORY; ERR_BUSY: no descriptor or thread. */
CHECKED enum err outbox_create(size_t room_bytes, struct outbox **outbox);
void outbox_destroy(struct outbox **outbox);

/* Sends the bytes over a connected socket, and closes it. fd is taken; bytes are copied as far as they are kept. Never
 * blocks. */
void outbox_send(struct outbox *outbox, int fd, const void *bytes, size_t count);

#endif
