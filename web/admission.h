/* How many streams each client has, so that none takes all of them. Of IPv6, a network of 64 bits is one client.
 * Threads: any. Cost: a look at each client that has any. */
#ifndef WEB_ADMISSION_H
#define WEB_ADMISSION_H

#include "broker/err.h"

#include <stdbool.h>

struct admission;

/* room: how many streams there are at most. ERR_MEMORY. */
CHECKED enum err admission_create(unsigned room, struct admission **admission);
void admission_destroy(struct admission **admission);

/* Counts a stream of that address. False, and not counted: it has `most` already. most 0: there is no limit. */
CHECKED bool admission_enter(struct admission *admission, const char *address, unsigned most);
void admission_leave(struct admission *admission, const char *address);

#endif
