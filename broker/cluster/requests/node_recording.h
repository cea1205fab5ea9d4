/* What another node has recorded of a camera, as an export takes it: slice by slice, each asked for when the one before
 * has been used up. One slice and two frames are held at a time.
 *
 * Threads: one at a time. Ownership: the cluster and the pool are borrowed until the source is closed. */
#ifndef BROKER_CLUSTER_REQUESTS_NODE_RECORDING_H
#define BROKER_CLUSTER_REQUESTS_NODE_RECORDING_H

#include "broker/cluster/cluster.h"
#include "broker/recording/playback/export_source.h"

struct node_recording_settings {
    const char *camera;     /* NODE.ID; copied */
    int64_t from_ns, to_ns; /* of the capture; both included */
    int64_t interval_ns;    /* between frames, at least; 0: all */
};

/* Asks for the first slice. ERR_CLOSED: there is no frame from that time; ERR_UNSUPPORTED: the node does not record;
 * others as in node_client.h, with a reason. */
CHECKED enum err node_recording_open(struct cluster *cluster, const struct node_recording_settings *settings,
                                     struct frame_pool *pool, struct export_source *source, struct reason *reason);

#endif
