/* A channel: frames of one camera in one form, that another node sends and that are published into a topic here.
 * Private to the importer.
 *
 * Threads: as each function says. Ownership: reference-counted. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORT_CHANNEL_H
#define BROKER_CLUSTER_IMPORT_IMPORT_CHANNEL_H

#include "broker/base/refcount.h"
#include "broker/broker.h"
#include "broker/cluster/import/frame_assembly.h"
#include "broker/cluster/import/import_camera.h"

struct import_node;

struct import_channel {
    struct refcount references;
    struct import_node *node; /* outlives the channel, until that is closed */
    struct lease_channel wanted;
    struct import_camera *camera; /* a reference */
    struct topic *topic;          /* that is published into; a reference */
    /* With the importer's lock: */
    bool is_publishing;
    struct reason refusal; /* "": none */
    /* The delivering thread's: */
    struct frame_assembly assembly;
    /* Relaxed: each counts for itself. */
    _Atomic uint64_t frames, bytes, lost;
};

/* NULL: no memory. */
struct import_channel *import_channel_create(const struct lease_channel *wanted, struct import_camera *camera,
                                             struct topic *topic);
struct import_channel *import_channel_ref(struct import_channel *channel);
void import_channel_unref(struct import_channel **channel);

/* Adds what has arrived, and publishes the frame once it is whole; waited_ns: how long it has waited on its way.
 * Threads: the delivering one, without a lock. */
void import_channel_take(struct import_channel *channel, const struct frame_message *message, int64_t waited_ns,
                         struct frame_pool *pool);
#endif
