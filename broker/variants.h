/* All variants of a broker, and the thread that serves them. Private to broker/; others use broker.h.
 *
 * A variant is made when it is first asked for. It lives while somebody has a reference to its topic, and for the
 * camera's idle_timeout_ns after its last subscriber has left, unless it gives way to another before: of a camera that
 * has as many as it may, the one that nobody has used for the longest time.
 *
 * Threads: any. */
#ifndef BROKER_VARIANTS_H
#define BROKER_VARIANTS_H

#include "broker/variant.h"

struct variants;

/* means lacks the inbox; all in it is borrowed. ERR_MEMORY, ERR_BUSY: no thread could be started. */
CHECKED enum err variants_create(const struct variant_means *means, struct variants **variants);
/* Joins the thread. Nobody subscribes to a variant any more. */
void variants_destroy(struct variants **variants);
/* Closes every variant's topic, and refuses to make new ones. */
void variants_close(struct variants *variants);

/* See broker_open_variant(). */
CHECKED enum err variants_open(struct variants *variants, struct topic *source, const struct variant_wish *wish,
                               struct topic **topic);

/* Adds the variants of source, and their subscribers, to its snapshot. ERR_MEMORY: the snapshot is as before, or has
 * some of them. */
CHECKED enum err variants_add_to_snapshot(struct variants *variants, struct topic *source,
                                          struct topic_snapshot *snapshot);

#endif
