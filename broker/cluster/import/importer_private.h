/* The inside of the importer, and its channels: for importer.c, import_presence.c, import_delivery.c and
 * import_playback.c only.
 *
 * Threads: as each function says. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORTER_PRIVATE_H
#define BROKER_CLUSTER_IMPORT_IMPORTER_PRIVATE_H

#include "broker/cluster/cluster_rules.h"
#include "broker/cluster/import/import_node.h"
#include "broker/cluster/message_queue.h"
#include "broker/recording/playback/gap.h"

#include <stdatomic.h>

#define IMPORT_NODES_MAX 1024

struct importer {
    char self[NODE_MAX_BYTES + 1];
    struct broker *broker;
    struct cluster_rules *rules;
    struct nats_link *link;
    gap_draw *draw; /* NULL: nothing is drawn */
    void (*wake)(void *user);
    void *wake_user;
    struct message_queue messages;
    _Atomic uint64_t malformed;
    atomic_bool demand_changed, rules_changed; /* relaxed: the wake orders them */
    struct lock lock;
    struct condition idle;                           /* a frame has been published */
    LIST_HEAD(, import_node) nodes GUARDED_BY(lock); /* only the thread adds */
    uint64_t epoch GUARDED_BY(lock);                 /* of the connection; 0: none */
    uint32_t last_playback GUARDED_BY(lock);
    /* The thread's: */
    size_t node_count, camera_count;
    uint64_t connection;
    bool list_has_changed, is_paused;
    int64_t look_at_demand_ns, worked_ns;
    uint8_t *scratch; /* a message */
    size_t scratch_bytes;
};

/* Opens a channel of the camera into the topic: a new reference. NULL: no memory, or no room. Threads: any. */
struct import_channel *importer_open_channel(struct importer *importer, struct import_node *node,
                                             struct import_camera *camera, const struct lease_channel *wanted,
                                             struct topic *topic);
/* Once it has returned, nothing more is published; drops the reference. Threads: any, but not the delivering one. */
void importer_close_channel(struct importer *importer, struct import_channel **channel);
/* A frame may still be published. Threads: any. */
void importer_abandon_channel(struct importer *importer, struct import_channel *channel);
/* A camera is new, or goes: its viewers are heard, or not any longer, and its channels closed. Threads: the importer's.
 */
void importer_connect_camera(struct importer *importer, struct import_camera *camera);
void importer_disconnect_camera(struct importer *importer, struct import_node *node, struct import_camera *camera);
/* By name, with the lock; NULL: there is none. */
struct import_node *importer_find_node_locked(struct importer *importer, const char *name);
struct wire_writer importer_scratch(struct importer *importer, size_t bytes);
void importer_count_malformed(struct importer *importer);

#endif
