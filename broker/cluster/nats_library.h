/* libnats, loaded when a cluster starts (broker/base/module.h).
 *
 *     error = nats_load(reason);
 *     nats->natsConnection_Publish(...);
 *
 * Lifecycle: it stays loaded.
 * Threads: nats_load(): one at a time, before any other use. */
#ifndef BROKER_CLUSTER_NATS_LIBRARY_H
#define BROKER_CLUSTER_NATS_LIBRARY_H

#include "broker/base/err.h"
#include "broker/cluster/nats/nats_functions.h"

/* NULL until nats_load() has succeeded. */
extern const struct nats_functions *nats;

/* Blocks: the first time, while the files of its libraries are read. ERR_UNSUPPORTED, with a reason. */
CHECKED enum err nats_load(struct reason *reason);

#endif
