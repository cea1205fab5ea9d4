/* By which names the server may be addressed, and which other sites' pages may use it from a browser.
 *
 * A page of any site can make its visitor's browser send requests here. It cannot read the answers, unless its own name
 * suddenly leads to this server's address (DNS rebinding): hence only names that were configured are answered, beside
 * addresses and localhost, which no other site can have. And it need not read them to change things: hence requests
 * that change something are only taken from pages of ours, of origins that were configured, and from programs, which
 * send no Origin.
 * Threads: any. Pure. */
#ifndef WEB_HTTP_ORIGIN_H
#define WEB_HTTP_ORIGIN_H

#include "web/http/authority.h"

#include <stdbool.h>

#define ORIGIN_HOSTS_MAX 16
#define ORIGINS_MAX 16
#define ORIGIN_MAX_BYTES (sizeof "https://:65535" - 1 + AUTHORITY_HOST_MAX_BYTES)
#define ORIGIN_HEADERS_MAX_BYTES 512

/* Plain data. Zeroed: no names, no other origins. */
struct origin_settings {
    struct authority hosts[ORIGIN_HOSTS_MAX]; /* port 0: any */
    size_t host_count;
    char origins[ORIGINS_MAX][ORIGIN_MAX_BYTES + 1]; /* as browsers write them */
    size_t origin_count;
    bool any_origin; /* may read, without credentials; and there are no others */
};

/* Each adds one. ERR_INVALID: the text is none; ERR_BUSY: there are too many. */
CHECKED enum err origin_add_host(struct origin_settings *settings, const char *host);
/* "https://cams.example.org:8443", or "*". */
CHECKED enum err origin_add(struct origin_settings *settings, const char *origin);

/* Whether the server may be addressed so. */
bool origin_is_own_host(const struct origin_settings *settings, const struct authority *host);
/* Whether a page of that origin may change things; own is how it addresses the server. */
bool origin_may_change(const struct origin_settings *settings, const char *origin, const struct authority *own);
/* Whether an origin is among those configured, "*" not counting. */
bool origin_is_listed(const struct origin_settings *settings, const char *origin);
/* The lines of an answer's head, each ended by CR LF, that tell a browser who may read it (Fetch, section 3.2). origin:
 * the request's, or NULL. */
void origin_write_headers(const struct origin_settings *settings, const char *origin,
                          char headers[ORIGIN_HEADERS_MAX_BYTES]);

#endif
