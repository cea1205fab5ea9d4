/* Where a camera may send the broker: redirects, and the parts of playlists. The login is for the configured scheme,
 * host and port only, and no camera of the network reaches services of this machine. Private to the url driver.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_URL_REDIRECT_H
#define CAMERAS_URL_URL_REDIRECT_H

#include "cameras/url/url_link.h"

#define URL_REDIRECTS_MAX 5

/* Whether the URL may be opened. *addresses: those of its host, to connect to; NULL: not wanted. ERR_DENIED: it leads
 * to this machine's loopback, and the configured URL does not. ERR_INVALID: it has no host. Blocks: until its host is
 * resolved, see url_resolve.h. reason may be NULL. */
CHECKED enum err url_redirect_check(const struct url_link *link, const char *url, struct url_addresses *addresses,
                                    struct reason *reason);

/* Checks a redirect. *location is the URL to open, with the login if it has the configured origin; free() it.
 * ERR_DENIED: redirects are switched off, or as above. ERR_UNSUPPORTED: a scheme that is not allowed. ERR_MEMORY. */
CHECKED enum err url_redirect_follow(const struct url_link *link, const char *url, char **location,
                                     struct url_addresses *addresses, struct reason *reason);

#endif
