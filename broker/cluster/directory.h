/* The directory: the cameras of here that others may see, in an order of their own, with a generation that changes
 * whenever anything but their figures does.
 *
 * Lifecycle: create; refresh when something may have changed; destroy.
 * Threads: any. Ownership: the broker and the rules are borrowed. */
#ifndef BROKER_CLUSTER_DIRECTORY_H
#define BROKER_CLUSTER_DIRECTORY_H

#include "broker/broker.h"
#include "broker/cluster/cluster_messages.h"
#include "broker/cluster/cluster_rules.h"

struct directory;

/* epoch: of this run of the node. ERR_MEMORY. */
CHECKED enum err directory_create(struct broker *broker, struct cluster_rules *rules, uint64_t epoch,
                                  struct directory **directory);
void directory_destroy(struct directory **directory);
/* Looks at the cameras again. True: there is a new generation. */
bool directory_refresh(struct directory *directory);
size_t directory_count(struct directory *directory);

/* A beacon with the figures of all cameras; of *beacon start time and flags count. */
void directory_write_beacon(struct directory *directory, const struct beacon_message *beacon,
                            struct wire_writer *writer);
/* As many cameras as there is room for, from a place on. */
void directory_write_page(struct directory *directory, uint32_t from, struct wire_writer *writer);

#endif
