/* Says to the other nodes what this one has: beacons of its directory, at an interval and soon after a change, and the
 * events of its own cameras.
 *
 * Lifecycle: create, any number of others, destroy.
 * Threads: one, but for presence_note_change() and presence_note_stranger(). Ownership: all that the settings name is
 * borrowed for the presence's life. Blocks: no. */
#ifndef BROKER_CLUSTER_PRESENCE_H
#define BROKER_CLUSTER_PRESENCE_H

#include "broker/base/err.h"
#include "broker/broker.h"
#include "broker/cluster/cluster_rules.h"
#include "broker/cluster/directory.h"
#include "broker/cluster/nats_link.h"

struct presence;

struct presence_settings {
    const char *node;
    uint64_t epoch; /* of this run */
    int64_t started_realtime_ns;
    struct broker *broker;
    struct cluster_rules *rules;
    struct directory *directory;
    struct nats_link *link;
};

/* ERR_MEMORY; ERR_BUSY: no descriptor. */
CHECKED enum err presence_create(const struct presence_settings *settings, struct presence **presence);
void presence_destroy(struct presence **presence);

/* The directory may have changed. Threads: any. */
void presence_note_change(struct presence *presence);
/* Another node has connected, which does not know this one. Threads: any. */
void presence_note_stranger(struct presence *presence);
/* The others may not know this node: the next beacon asks for theirs, and is due. */
void presence_begin_connection(struct presence *presence);
/* A beacon is due, or soon after the last. */
void presence_set_due(struct presence *presence);
void presence_set_due_soon(struct presence *presence);

/* Readable once presence_follow_events() has to be called. */
int presence_events_fd(const struct presence *presence);
/* Takes what the event log has, and sends what the others may see, if it may send. False: the broker ends. */
bool presence_follow_events(struct presence *presence, bool may_send);
/* Sends a beacon if one is due. Returns when to call again at the latest. */
int64_t presence_work(struct presence *presence, int64_t now_ns);
/* The last beacon: this node leaves. */
void presence_leave(struct presence *presence);

#endif
