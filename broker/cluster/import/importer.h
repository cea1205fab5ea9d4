/* The importer: shows the cameras of other nodes as topics of the broker, and has their frames sent while somebody
 * watches.
 *
 * It hears of nodes by their beacons, asks them for their directories (import_presence.h), and leases what is watched:
 * for each node a list of channels, which is sent each second, and at once when it changes. What arrives is published
 * by the thread that delivers it (import_delivery.h).
 *
 * Lifecycle: create; messages arrive, and the owner's thread works; destroy, when none arrive any more.
 * Threads: work, pause and destroy: the owner's; handlers: those of libnats; others: any.
 * Ownership: everything is borrowed. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORTER_H
#define BROKER_CLUSTER_IMPORT_IMPORTER_H

#include "broker/broker.h"
#include "broker/cluster/cluster_rules.h"
#include "broker/cluster/cluster_status.h"
#include "broker/cluster/nats_link.h"
#include "broker/recording/playback/gap.h"

struct importer;

/* wake: makes the owner's thread work; must not block. draw: what viewers get while a node is away; NULL: nothing.
 * ERR_MEMORY. */
CHECKED enum err importer_create(const char *node, struct broker *broker, struct cluster_rules *rules,
                                 struct nats_link *link, gap_draw *draw, void (*wake)(void *user), void *user,
                                 struct importer **importer);
/* The topics stay in the broker, and get nothing more. */
void importer_destroy(struct importer **importer);

/* Does what is due. Returns when there is more. Blocks: as nats_link_publish(). */
int64_t importer_work(struct importer *importer);
/* Takes no notice of other nodes, whose cameras are offline for that reason; NULL: goes on. */
void importer_pause(struct importer *importer, const char *why);
/* What is imported has changed. */
void importer_note_rules(struct importer *importer);
/* Ends all leases. */
void importer_leave(struct importer *importer);

bool importer_knows_node(struct importer *importer, const char *node);
/* Fills the nodes of the snapshot, and adds to its count of malformed messages. ERR_MEMORY. */
CHECKED enum err importer_add_to_snapshot(struct importer *importer, struct cluster_snapshot *snapshot);

#endif
