/* Resolves host names in bounded time, before FFmpeg or libcurl connect. FFmpeg resolves in a way that nothing
 * interrupts, for as long as a silent name server makes it wait; after this its own request is answered at once.
 * libcurl is given the addresses that were found here, and resolves nothing. A lookup that nobody waits for any longer
 * goes on until the C library gives up; requests for the same name join it, so that retries start no more of them.
 *
 * Threads: any. */
#ifndef CAMERAS_URL_URL_RESOLVE_H
#define CAMERAS_URL_URL_RESOLVE_H

#include "broker/base/err.h"
#include "broker/base/sync.h"

#include <stdbool.h>

#define URL_ADDRESSES_BYTES 512

struct url_addresses {
    bool is_loopback; /* one of them is this machine's loopback or the unspecified address */
    /* As libcurl's CURLOPT_RESOLVE takes them, e.g. "192.0.2.1,[2001:db8::1]", as many as fit; empty: the host is a
     * number itself, or has link-local addresses alone. */
    char text[URL_ADDRESSES_BYTES];
};

/* host: a name or a number, an IPv6 address with its brackets. Blocks: until it is resolved, deadline_ns (monotonic)
 * has passed (ERR_TIMEOUT) or cancel is set (ERR_INTERRUPTED). ERR_NOT_FOUND: no such host. ERR_BUSY: too many other
 * names are being looked up, or no thread. ERR_MEMORY.
 * reason may be NULL. */
CHECKED enum err url_resolve(const char *host, const struct event *cancel, int64_t deadline_ns,
                             struct url_addresses *addresses, struct reason *reason);

#endif
