/* A gateway: another node that watches cameras of here, with the channels that its lease asks for. Private to the
 * exporter.
 *
 * Threads: the exporter's changes it, with the exporter's lock held where others read it, for status. */
#ifndef BROKER_CLUSTER_EXPORT_PEER_H
#define BROKER_CLUSTER_EXPORT_PEER_H

#include "broker/broker.h"
#include "broker/cluster/cluster_messages.h"
#include "broker/cluster/cluster_rules.h"
#include "broker/cluster/cluster_status.h"
#include "broker/cluster/flow_window.h"
#include "broker/recording/playback/player.h"
#include "broker/subscriber.h"

#include <stdatomic.h>
#include <sys/queue.h>

/* What channels are opened with; borrowed by each peer. */
struct export_context {
    struct broker *broker;
    struct cluster_rules *rules;
    struct inbox *inbox;
    struct players *players; /* NULL: nothing is recorded */
    struct lock *lock;       /* the exporter's */
};

/* Relaxed: each counts for itself. */
struct export_counts {
    _Atomic uint64_t frames, bytes, skipped;
};

struct export_channel {
    struct lease_channel wanted;
    struct export_peer *peer;
    struct topic *topic;           /* a reference; NULL: it is refused, or has ended */
    struct subscriber *subscriber; /* NULL likewise */
    bool is_leased;                /* by the lease that is being read */
    bool has_ended;                /* a playback, by itself */
    bool is_ready;                 /* there may be a newer frame: it is in the peer's list of those */
    uint64_t position;             /* of the last frame sent; 0: none yet */
    struct reason refusal;         /* "": none */
    struct export_counts counts;
    LIST_ENTRY(export_channel) in_peer;
    TAILQ_ENTRY(export_channel) in_ready;
};

/* Channels of recordings that are played in step. */
struct export_playback {
    uint32_t number;
    struct playback *playback;
    LIST_ENTRY(export_playback) in_peer;
};

struct export_peer {
    const struct export_context *context;
    char name[NODE_MAX_BYTES + 1];
    uint64_t epoch;      /* of its lease */
    uint32_t stream;     /* of our messages to it */
    uint64_t number;     /* of the last one */
    uint64_t connection; /* ours, on which they were sent */
    int64_t leased_until_ns;
    int64_t since_realtime_ns;
    struct flow_window window;
    LIST_HEAD(, export_channel) channels;
    LIST_HEAD(, export_playback) playbacks;
    TAILQ_HEAD(, export_channel) ready; /* the one that waits longest first */
    struct export_counts counts;
    LIST_ENTRY(export_peer) in_exporter;
};

/* Without channels. NULL: no memory. */
struct export_peer *export_peer_create(const struct export_context *context, const char *name);
void export_peer_destroy(struct export_peer **peer);

/* Opens what the lease has and is not open, and closes the rest; the reader stands behind the lease's head. False: the
 * message is broken, and nothing has changed. */
CHECKED bool export_peer_take_lease(struct export_peer *peer, const struct lease_message *lease,
                                    struct wire_reader channels);
/* There may be a newer frame. */
void export_channel_mark_ready(struct export_channel *channel);
/* The camera or the recording has ended. */
void export_channel_end(struct export_channel *channel);

/* Fills the snapshot, whose channels are allocated. ERR_MEMORY. Threads: any, with the exporter's lock. */
CHECKED enum err export_peer_snapshot(const struct export_peer *peer, struct cluster_gateway_snapshot *snapshot);

#endif
