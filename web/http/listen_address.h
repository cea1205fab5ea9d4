/* Where to listen, as the configuration and the command line have it.
 * Threads: any. */
#ifndef WEB_HTTP_LISTEN_ADDRESS_H
#define WEB_HTTP_LISTEN_ADDRESS_H

#include "broker/base/err.h"

#include <stdint.h>

/* "127.0.0.1" or "::1" and a port; 0: a free one. */
#define LISTEN_ADDRESS_BYTES 64
struct listen_address {
    char address[LISTEN_ADDRESS_BYTES]; /* numeric, without brackets; "::": all of the machine, of both families; "":
                                           nowhere */
    uint16_t port;
};

/* "ADDR:PORT", "[IPV6]:PORT" or "PORT". ERR_INVALID with a reason. */
CHECKED enum err listen_address_parse(const char *text, struct listen_address *listen, struct reason *reason);

#endif
