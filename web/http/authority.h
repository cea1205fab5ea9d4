/* host[:port], as it stands in Host headers, in origins and in lists of addresses (RFC 3986, section 3.2).
 * Threads: any. */
#ifndef WEB_HTTP_AUTHORITY_H
#define WEB_HTTP_AUTHORITY_H

#include "broker/base/err.h"
#include "broker/base/string_view.h"

#include <stdint.h>

#define AUTHORITY_HOST_MAX_BYTES 253 /* of a name: RFC 1035, section 2.3.4, without the dot at its end */

enum authority_kind { AUTHORITY_NAME, AUTHORITY_IPV4, AUTHORITY_IPV6 };

struct authority {
    enum authority_kind kind;
    char host[AUTHORITY_HOST_MAX_BYTES + 1]; /* lower-case, [a-z0-9._:-]; an IPv6 address without its brackets */
    uint16_t port;                           /* 0: none is given */
};

/* ERR_INVALID: it is none. */
CHECKED enum err authority_parse(struct string_view text, struct authority *authority);

/* "http://host[:port]" or https: the origin of a page (RFC 6454), or the start of an address, which ends at a slash.
 * port is the scheme's own where none is given. ERR_INVALID: it is neither. */
CHECKED enum err authority_parse_origin(struct string_view text, struct authority *authority);

#endif
