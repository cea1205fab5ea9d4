/* Counts what each address has of something, so that none takes all of it. An IPv6 network of 64 bits counts as one
 * address; any other text can stand in place of an address.
 * Threads: any. Cost: one comparison for each address that has any. */
#ifndef WEB_HTTP_QUOTA_H
#define WEB_HTTP_QUOTA_H

#include "broker/base/err.h"

#include <stdbool.h>

struct quota;

/* capacity: how many addresses can have any at the same time. ERR_MEMORY. */
CHECKED enum err quota_create(unsigned capacity, struct quota **quota);
void quota_destroy(struct quota **quota);

/* Counts one more of the address. False, and not counted: it has `max` already, or as many others as there is capacity
 * for have any. max 0: no limit. */
CHECKED bool quota_enter(struct quota *quota, const char *address, unsigned max);
/* For an address that entered. */
void quota_leave(struct quota *quota, const char *address);

#endif
