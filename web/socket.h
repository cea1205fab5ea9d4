/* The sockets that civetweb does not show: finding them by their addresses, and setting them up for streaming.
 * Threads: any. */
#ifndef WEB_SOCKET_H
#define WEB_SOCKET_H

#include "broker/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the text is a numeric IPv4 address; civetweb as Debian builds it knows no IPv6. */
bool socket_is_address(const char *text);

/* Whether only this machine can reach the address: 127.0.0.0/8. */
bool socket_is_loopback(const char *address);

/* A client as one number: its IPv4 address and port. 0 where the address is none. */
uint64_t socket_client(const char *address, int port);

/* The descriptor of this process whose peer is remote_address:remote_port and whose own port is local_port. Exact
 * while we listen on one address: then no two connections share them. Cost: a system call for each descriptor that is
 * open. ERR_GONE: none; the peer has reset the connection. */
CHECKED enum err socket_find_connection(const char *remote_address, int remote_port, int local_port, int *fd);

/* The listening socket on that port. ERR_NOT_FOUND. */
CHECKED enum err socket_find_listener(int port, int *fd);

/* Sets on a listener what accepted sockets inherit: keep-alive probes, so that a dead peer is noticed, and a bound on
 * what waits unsent, so that a slow client gets a newer frame instead of a backlog of old ones. */
void socket_prepare_listener(int fd);

/* Called for each connection to that port of ours, with a duplicate of its descriptor that is valid during the call: so
 * it is this client's, whatever its owner does meanwhile. Cost: some system calls for each descriptor that is open. */
typedef void socket_seen(int fd, uint64_t client, void *user);
void socket_each_connection(int port, socket_seen *seen, void *user);

/* Whether the whole head of a request is there, and nobody has read of it. */
bool socket_has_head(int fd);

/* Ends every connection to that port of ours, in both directions; their owners still close the descriptors. */
void socket_shut_connections(int port);

/* Whether address:port can be listened on, asked by trying it. ERR_BUSY: taken; ERR_DENIED, ERR_INVALID, ERR_IO. port 0
 * is always free. */
CHECKED enum err socket_try_listen(const char *address, uint16_t port, struct reason *reason);

/* Makes the listener return from its wait: connects to it once and hangs up. */
void socket_nudge_listener(const char *address, uint16_t port);

#endif
