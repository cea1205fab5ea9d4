/* Another node, as the importer knows it: its cameras, the channels that are leased of it, and whether it is there.
 * Private to the importer.
 *
 * Threads: the importer's thread changes it, with the importer's lock where others read it. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORT_NODE_H
#define BROKER_CLUSTER_IMPORT_IMPORT_NODE_H

#include "broker/cluster/cluster_status.h"
#include "broker/cluster/import/delay_filter.h"
#include "broker/cluster/import/import_channel.h"

#include <sys/queue.h>

/* A power of 2: the place of a channel is part of its number. */
#define IMPORT_CHANNELS_MAX 1024u
#define NODE_SILENCE_NS (15 * INT64_C(1000000000)) /* of one that is not watched */
#define NODE_ANSWER_NS (3 * INT64_C(1000000000))   /* of one that is */

struct import_cameras {
    struct import_camera **list; /* a reference each */
    size_t count, capacity;
};

struct import_node {
    char name[NODE_MAX_BYTES + 1];
    LIST_ENTRY(import_node) in_importer;
    /* The thread's: */
    uint64_t epoch, generation;     /* of the directory that `cameras` is; 0: none yet */
    uint64_t wanted_generation;     /* of the newest beacon */
    struct import_cameras cameras;  /* of the directory, those that are imported */
    struct import_cameras arriving; /* those of a directory that is being read */
    uint64_t arriving_generation;   /* 0: none is being read */
    int64_t asked_ns;               /* for a directory; 0: not */
    int64_t heard_ns;               /* a beacon or an answer */
    uint32_t lease_number;
    int64_t lease_sent_ns, ack_sent_ns;
    bool was_leased;
    struct reason away_reason; /* while it is not online */
    /* With the importer's lock: */
    enum cluster_node_state state;
    int64_t since_realtime_ns, started_realtime_ns, round_trip_ns, clock_ahead_ns;
    size_t left_out;
    struct import_channel *channels[IMPORT_CHANNELS_MAX]; /* NULL: free */
    size_t channel_count;
    uint32_t last_serial; /* of a channel */
    bool lease_is_due;
    unsigned holds; /* channels are being opened that belong into one lease */
    /* Of what is delivered: */
    uint32_t stream;
    uint64_t received;    /* number of the last message */
    int64_t delivered_ns; /* when that was */
    int64_t grace_ns;     /* silence counts from here on: it could not answer before */
    int64_t away_ns;      /* when it was found to be away */
    int64_t waited_ns;    /* the longest since the last acknowledgement */
    bool ack_is_due;
    struct delay_filter delays;
    uint64_t lost;                       /* messages */
    uint64_t frames, bytes, frames_lost; /* of channels that are closed */
};

/* NULL: no memory. */
struct import_node *import_node_create(const char *name);
/* Its channels are closed. */
void import_node_destroy(struct import_node **node);

/* NULL: there is none of that id. */
struct import_camera *import_node_find_camera(const struct import_node *node, const char *id);
/* False: no memory. The list takes a reference. */
bool import_cameras_add(struct import_cameras *cameras, struct import_camera *camera);
void import_cameras_clear(struct import_cameras *cameras);

/* ---- With the importer's lock ---- */

/* Gives the channel a place and a number. False: there is no room. */
bool import_node_add_channel(struct import_node *node, struct import_channel *channel);
void import_node_remove_channel(struct import_node *node, struct import_channel *channel);
/* NULL: it was closed. */
struct import_channel *import_node_find_channel(struct import_node *node, uint32_t number);
/* Writes the lease of all its channels. */
void import_node_write_lease(const struct import_node *node, struct lease_message *lease, struct wire_writer *writer);
/* Fills all but the channels' list, which is allocated. ERR_MEMORY. */
CHECKED enum err import_node_snapshot(const struct import_node *node, struct cluster_node_snapshot *snapshot);

#endif
