/* All variants of a broker, and the thread that serves them. Private to broker/; others use broker.h.
 *
 * A variant is made when it is first requested. It lives while there are references to its topic, and for the camera's
 * idle_timeout_ns after its last subscriber has left, unless it gives way to a new one before: if a camera has as many
 * as it may, the one that has been unused for longest does, of the client's own if it has one.
 *
 * If all are in use, each client has its share: a client alone may have them all, but where another holds at least two
 * more than the one that asks, the newest of the client that holds most is closed, which ends its streams. So clients
 * approach equal numbers, and a client's only variant stays. A variant counts for the client whose request made it.
 * Those without a client (of other servers) are never closed.
 *
 * Threads: any. */
#ifndef BROKER_VARIANTS_H
#define BROKER_VARIANTS_H

#include "broker/topic_snapshot.h"
#include "broker/variant.h"

struct variants;

/* context has no inbox; all else in it is borrowed. ERR_MEMORY, ERR_BUSY: no thread could be started. */
CHECKED enum err variants_create(const struct variant_context *context, struct variants **variants);
/* Joins the thread. No variant may have subscribers. */
void variants_destroy(struct variants **variants);
/* Closes every variant's topic, and refuses to make new ones. */
void variants_close(struct variants *variants);

/* See broker_open_variant_for(); client: "": none. */
CHECKED enum err variants_open(struct variants *variants, const char *client, struct topic *source,
                               const struct variant_request *request, struct topic **topic);

/* Drops what the variants of source show. */
void variants_drop_frames(struct variants *variants, const struct topic *source);
/* Adds the variants of source, and their subscribers, to its snapshot. ERR_MEMORY: the snapshot is as before, or has
 * some of them. */
CHECKED enum err variants_add_to_snapshot(struct variants *variants, struct topic *source,
                                          struct topic_snapshot *snapshot);

#endif
