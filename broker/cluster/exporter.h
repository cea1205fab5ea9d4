/* The exporter: sends cameras of here to the gateways whose leases ask for them.
 *
 * Nothing queues: each gateway has a window (flow_window.h), within which its channels take turns, and each sends the
 * newest frame of its topic. What is passed over meanwhile counts as skipped. A gateway that is slow, or has stopped,
 * holds up only itself; a lease that is not renewed ends after 3 s.
 *
 * Lifecycle: create; messages arrive; destroy, when none arrive any more.
 * Threads: one of its own sends. Functions: any, if nothing else is said.
 * Ownership: everything is borrowed. */
#ifndef BROKER_CLUSTER_EXPORTER_H
#define BROKER_CLUSTER_EXPORTER_H

#include "broker/broker.h"
#include "broker/cluster/cluster_rules.h"
#include "broker/cluster/cluster_status.h"
#include "broker/cluster/nats_link.h"
#include "broker/recording/playback/player.h"

struct exporter;

/* players: NULL: nothing is recorded. ERR_MEMORY; ERR_BUSY: no thread or descriptor. */
CHECKED enum err exporter_create(const char *node, struct broker *broker, struct players *players,
                                 struct cluster_rules *rules, struct nats_link *link, struct exporter **exporter);
/* Blocks: until a message that is being sent is sent, 3 s at most. */
void exporter_destroy(struct exporter **exporter);

/* Of type link_handler; user is the exporter. */
void exporter_take_lease(void *user, struct link_message **message);
void exporter_take_ack(void *user, struct link_message **message);
/* While it is paused, there are no gateways. */
void exporter_pause(struct exporter *exporter, bool paused);

/* Fills the gateways of the snapshot, and adds to its count of malformed messages. ERR_MEMORY. */
CHECKED enum err exporter_add_to_snapshot(struct exporter *exporter, struct cluster_snapshot *snapshot);

#endif
