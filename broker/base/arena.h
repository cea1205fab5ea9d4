/* An arena: memory that is allocated in many parts and freed all at once. Reference-counted.
 *
 * A failed allocation is remembered, so that callers need to ask only once, at the end.
 * Threads: references from any; everything else one at a time. */
#ifndef BROKER_BASE_ARENA_H
#define BROKER_BASE_ARENA_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* With one reference. */
CHECKED enum err arena_create(struct arena **arena);
/* Returns a new reference to the same arena; NULL for NULL. */
struct arena *arena_ref(struct arena *arena);
/* Drops a reference and nulls the pointer; *arena may be NULL. */
void arena_unref(struct arena **arena);

/* Zeroed memory for `count` objects of `size` bytes; NULL when there is none left. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
/* A formatted text; "" when there is no memory left. */
const char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* Whether anything above ever failed. */
bool arena_exhausted(const struct arena *arena);

#endif
