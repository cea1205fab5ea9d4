/* Whether a server of this machine answers: what a user would find, asked from inside.
 * Threads: any. */
#ifndef WEB_HTTP_SELF_CHECK_H
#define WEB_HTTP_SELF_CHECK_H

#include "broker/base/err.h"

#include <stdint.h>

/* Asks the server that listens on address:port for /healthz. address is numeric; where it stands for all of this
 * machine's, loopback is asked.
 * Blocks: a second at most, and a few milliseconds while all is well.
 * ERR_TIMEOUT: nothing came in time; ERR_IO, ERR_DENIED, ERR_BUSY: no connection, or it broke; ERR_INVALID: the answer
 * is not 200, or address is not one. reason says which. */
CHECKED enum err self_check(const char *address, uint16_t port, struct reason *reason);

#endif
