/* Slows down whoever guesses: an address (of IPv6: a network of 64 bits) that has failed three times has to wait before
 * it may try again, a second at first and twice as long after each further failure, up to a minute. Ten minutes without
 * a failure make it as new; a success does not, or somebody with an account of his own could guess those of others. The
 * table is bounded: when it is full, the address that has failed longest ago is forgotten.
 *
 * Threads: any. Nothing here blocks. */
#ifndef WEB_THROTTLE_H
#define WEB_THROTTLE_H

#include "broker/err.h"

#include <stdint.h>

struct throttle;

CHECKED enum err throttle_create(struct throttle **throttle);
void throttle_destroy(struct throttle **throttle);

/* How long that address has to wait before it may try, at that time (monotonic); 0: not at all. */
int64_t throttle_wait_ns(struct throttle *throttle, const char *address, int64_t now_ns);
/* How many tries it may have under way at once, so that a crowd of them is not through before the first has failed: as
 * many as may fail before it has to wait, at least 1. */
unsigned throttle_tries_at_once(struct throttle *throttle, const char *address);
void throttle_failed(struct throttle *throttle, const char *address, int64_t now_ns);

#endif
