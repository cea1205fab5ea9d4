/* Addresses to listen on, the listening socket, which civetweb does not show, and sending without a wait.
 * Threads: any. */
#ifndef WEB_HTTP_SOCKET_H
#define WEB_HTTP_SOCKET_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the text is a numeric address, without brackets: IPv4, or IPv6, which may have an interface ("fe80::1%eth0").
 */
bool socket_is_address(const char *text);
bool socket_is_ipv6(const char *text);
/* Replaces an address by the usual spelling of it (RFC 5952): "0:0::1" by "::1". False: it is none. */
CHECKED bool socket_normalize(char *address, size_t capacity);

/* Whether only this machine can reach the address: 127.0.0.0/8, ::1. */
bool socket_is_loopback(const char *address);

/* "192.0.2.1:80" or "[2001:db8::1]:80", as it stands in URLs (RFC 3986, section 3.2.2). */
#define SOCKET_AUTHORITY_BYTES 80
void socket_format_authority(const char *address, uint16_t port, char authority[SOCKET_AUTHORITY_BYTES]);

/* The listening socket on that port. ERR_NOT_FOUND. */
CHECKED enum err socket_find_listener(int port, int *fd);

/* Sets on a listener what accepted sockets inherit: keep-alive probes, so that a dead peer is noticed, and a bound on
 * what waits unsent, so that a slow client gets a newer frame instead of a backlog of old ones. */
void socket_prepare_listener(int fd);

/* Whether address:port can be listened on, asked by trying it. ERR_BUSY: taken; ERR_DENIED, ERR_INVALID, ERR_IO. port 0
 * is always free. */
CHECKED enum err socket_try_listen(const char *address, uint16_t port, struct reason *reason);

/* Listens; "::" has no IPv4 addresses. *bound_port is the port that it is. Errors as
 * socket_try_listen(). *fd is non-blocking and the caller's. */
CHECKED enum err socket_listen(const char *address, uint16_t port, int *fd, uint16_t *bound_port,
                               struct reason *reason);

/* Sends what the socket takes at once of bytes[*sent] to bytes[count - 1]; *sent grows. False: the connection is lost.
 */
CHECKED bool socket_send(int fd, const char *bytes, size_t count, size_t *sent);

/* connect(2) of a socket whose family is the address's. ERR_INVALID; otherwise errno says why not. */
CHECKED enum err socket_connect(int fd, const char *address, uint16_t port);

/* Makes the listener return from its wait: connects to it once and hangs up. */
void socket_nudge_listener(const char *address, uint16_t port);

#endif
