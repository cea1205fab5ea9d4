/* civetweb's connections, whose sockets it does not show: finds them by their addresses, and takes one away from it.
 *
 * civetweb serves a connection on a worker until the handler returns, and then closes its descriptor. A stream outlives
 * its handler: connections_detach() duplicates the socket into a range of descriptors above all that civetweb has, and
 * puts a stand-in, a socket that was never connected, in the place of civetweb's descriptor for it to close. The worker
 * is the only user of that number until it closes it, so no other thread can mean it meanwhile. civetweb shuts the
 * stand-in down and reads from it until it fails, which both fail at once.
 *
 * Threads: any; a request's connection, its own worker. */
#ifndef WEB_HTTP_CONNECTIONS_H
#define WEB_HTTP_CONNECTIONS_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct connections;

/* detached_max: how many sockets may be detached at the same time. ERR_MEMORY; ERR_BUSY: the limit of descriptors does
 * not leave room for so many. */
CHECKED enum err connections_create(unsigned detached_max, struct connections **connections);
void connections_destroy(struct connections **connections);
/* The port that clients connect to, and civetweb's own where that is another (handoff.h), otherwise 0;
 * connections_each() sees none before. */
void connections_set_ports(struct connections *connections, uint16_t port, uint16_t inner_port);

/* A client as one number: its IPv4 address and port. 0 where the address is none. */
uint64_t connections_client(const char *address, int port);
/* The same of a socket's peer, which may be IPv6: then a keyed hash stands for its network of 64 bits, which a client
 * has as a whole. 0: the descriptor is no connection. */
uint64_t connections_peer(const struct connections *connections, int fd);

/* The descriptor of the connection that this client has to that port of ours, and on which civetweb has written just
 * written_bytes: two connections of one client's address and port lead to different addresses of ours, and only the
 * one that the request came by has taken its response (TCP_INFO, tcp(7)). Cost: some 0.3 us for each descriptor that
 * civetweb has had at the same time, whatever the number of those detached. ERR_GONE: the client has reset it, or more
 * than one fits, so that it is not known beyond doubt. */
CHECKED enum err connections_find(struct connections *connections, uint64_t client, uint16_t port,
                                  uint64_t written_bytes, int *fd);

/* How many bytes have been read from a connection's socket since it exists, by civetweb. ERR_IO: not known. */
CHECKED enum err connections_read_bytes(int fd, uint64_t *count);

/* Takes a connection from civetweb; *detached is the caller's to close. ERR_BUSY: too many are detached. */
CHECKED enum err connections_detach(struct connections *connections, int fd, int *detached);

/* Gives a socket that civetweb has not a number among those of detached ones, where no search meets it; the number that
 * it had is closed. Returns the number, which is the old one where none is left. */
int connections_lift(const struct connections *connections, int fd);
/* How many there may be beyond those detached. */
size_t connections_room(const struct connections *connections);

/* Called for each connection that civetweb has, with a duplicate of its descriptor that is valid during the call: so it
 * is this client's, whatever its worker does meanwhile. Cost: some system calls for each descriptor below those that
 * are detached. */
typedef void connection_seen(int fd, uint64_t client, void *user);
void connections_each(struct connections *connections, connection_seen *seen, void *user);

/* Ends every connection that civetweb has, in both directions; their workers still close the descriptors. */
void connections_shut(struct connections *connections);

#endif
