/* Addresses of cameras on the network, "rtsp://user:password@host:554/stream" (RFC 3986), and how to show one without
 * what must stay secret: its user part, and its query, where many cameras take a password too.
 *
 * Threads: any; nothing is kept. */
#ifndef CAMERAS_ADDRESS_H
#define CAMERAS_ADDRESS_H

#include "broker/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Enough for any address that is shown; longer ones are cut. */
#define ADDRESS_SHOWN_BYTES 128

/* The path of a file instead of an address. */
bool address_is_path(const char *address);
/* Whether the address begins with this scheme, e.g. "http", in any case. */
bool address_has_scheme(const char *address, const char *scheme);

/* ERR_UNSUPPORTED: a scheme that is not among the allowed ones; ERR_INVALID: no host, or an "@" behind it, which hints
 * at a password with a "/", "?" or "#" in it. The reason shows nothing of the address. */
CHECKED enum err address_check(const char *address, struct reason *reason);

/* The host alone, an IPv6 address with its brackets. False: it is a path, or the host is too long. */
#define ADDRESS_HOST_BYTES 256
CHECKED bool address_find_host(const char *address, char host[ADDRESS_HOST_BYTES]);

/* scheme://host:port/path */
void address_show(const char *address, char shown[ADDRESS_SHOWN_BYTES]);

/* Removes user part and query from every address within a text, in place. */
void address_hide_secrets(char *text);

/* The address with this login in place of its own, percent-encoded; NULL for both leaves it as it is. *out is the
 * caller's to free(). ERR_MEMORY. */
CHECKED enum err address_with_login(const char *address, const char *username, const char *password, char **out);

#endif
