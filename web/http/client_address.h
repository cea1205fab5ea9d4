/* Whose request it is, when proxies stand between.
 * Threads: any. Pure. */
#ifndef WEB_HTTP_CLIENT_ADDRESS_H
#define WEB_HTTP_CLIENT_ADDRESS_H

#include "broker/base/err.h"
#include "broker/base/string_view.h"

#include <stdbool.h>

#define ADDRESS_TEXT_BYTES 48 /* as civetweb has it; INET6_ADDRSTRLEN is 46 */

/* "192.0.2.7", "10.0.0.0/8", "2001:db8::/32". An IPv4 address is held as the IPv6 one that stands for it (RFC 4291,
 * section 2.5.5.2). */
struct address_range {
    unsigned char bytes[16];
    unsigned prefix_bits;
};

/* ERR_INVALID: it is none. */
CHECKED enum err address_range_parse(const char *text, struct address_range *range);

/* The proxies whose word is taken for whom they speak for. */
struct trusted_proxies {
    const struct address_range *ranges;
    size_t count;
};

/* Whether the address is one of theirs; false for a text that is no address. */
bool client_address_is_trusted(const struct trusted_proxies *proxies, const char *address);

/* What is counted for an address: itself, but of IPv6 its network of 64 bits, which a client has as a whole. The
 * network's first address, in the same spelling for each; a text that is no address stays. */
void client_address_owner(const char *address, char owner[ADDRESS_TEXT_BYTES]);

/* Goes one X-Forwarded-For header back towards the client: address is the nearest one known, at first the peer's, and
 * becomes the rightmost that is no proxy's. Headers are given in the order from the last to the first, for as long as
 * this returns true: the address is a proxy's, and all that was there was addresses. */
CHECKED bool client_address_trace(const struct trusted_proxies *proxies, struct string_view forwarded_for,
                                  char address[ADDRESS_TEXT_BYTES]);

#endif
