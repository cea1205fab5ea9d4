/* Addresses of cameras on the network, "rtsp://user:password@host:554/stream" (RFC 3986), and how to show one without
 * what must stay secret: its user part, and its query, where many cameras take a password too.
 *
 * Threads: any; nothing is kept. */
#ifndef CAMERAS_URL_ADDRESS_H
#define CAMERAS_URL_ADDRESS_H

#include "broker/base/err.h"

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

/* Finds the user part, "user:password@", and the host behind it; the two are equal where it has none. Borrowed. False:
 * it is a path. */
CHECKED bool address_split_login(const char *address, const char **login, const char **host);

/* Whether scheme, host and port are the same; a scheme's default port equals none. */
bool address_same_origin(const char *a, const char *b);

/* scheme://host:port/path */
void address_show(const char *address, char shown[ADDRESS_SHOWN_BYTES]);

/* Whether it has a user part. */
bool address_has_login(const char *address);
/* The address without its user part, to be written into a configuration that others may read. What may hold a secret,
 * in a query or in a path, is replaced up to the end by "${NAME}", an environment variable, and then *variable is NAME
 * (static), otherwise NULL. *out is the caller's to free(). ERR_MEMORY. */
CHECKED enum err address_share(const char *address, char **out, const char **variable);

/* Removes user part and query from every address within a text, in place. Where an address ends is a guess:
 * secrets_mask() comes first for those that are known. */
void address_hide_secrets(char *text);

/* The address with this login in place of its own, percent-encoded; NULL for both leaves it as it is. *out is the
 * caller's to free(). ERR_MEMORY. */
CHECKED enum err address_with_login(const char *address, const char *username, const char *password, char **out);
/* The address with the user part that `from` has in place of its own. *out is the caller's to free(). ERR_MEMORY. */
CHECKED enum err address_move_login(const char *from, const char *address, char **out);

#endif
