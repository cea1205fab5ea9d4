/* Memory that is taken piece by piece and freed all at once, when the last who uses it is done: a storage is
 * reference-counted.
 *
 * When memory runs out, that is remembered: callers go on with what they get and ask once, at the end.
 * Threads: references from any; everything else one at a time. */
#ifndef BROKER_STORAGE_H
#define BROKER_STORAGE_H

#include "broker/err.h"

#include <stdbool.h>
#include <stddef.h>

struct storage;

/* With one reference. */
CHECKED enum err storage_create(struct storage **storage);
/* Returns a new reference to the same storage; NULL of NULL. */
struct storage *storage_ref(struct storage *storage);
/* Drops a reference and nulls the pointer; *storage may be NULL. */
void storage_unref(struct storage **storage);

/* Zeroed memory for `count` objects of `size` bytes; NULL when there is none left. */
void *storage_alloc(struct storage *storage, size_t count, size_t size);
/* A formatted text; "" when there is no memory left. */
const char *storage_format(struct storage *storage, const char *format, ...) PRINTF_LIKE(2, 3);
/* Whether anything above ever failed. */
bool storage_exhausted(const struct storage *storage);

#endif
