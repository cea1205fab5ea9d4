/* A camera of another node, and its topic here. Private to the importer.
 *
 * Threads: as each function says. Ownership: reference-counted. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORT_CAMERA_H
#define BROKER_CLUSTER_IMPORT_IMPORT_CAMERA_H

#include "broker/base/refcount.h"
#include "broker/broker.h"
#include "broker/cluster/cluster_messages.h"

#include <stdatomic.h>

struct import_channel;

struct import_camera {
    struct refcount references;
    char id[TOPIC_ID_MAX_BYTES + 1]; /* at its node */
    struct topic *topic;             /* a reference */
    /* Added to its sequence numbers, which begin anew when the node does, so that those of here never decrease.
     * Relaxed: a number for itself. */
    _Atomic uint64_t sequence_base;
    /* Of what may be shown, at its node: frames of an older one are dropped. Relaxed. */
    _Atomic uint64_t generation;
    /* The importer's thread's: */
    struct import_channel *channel; /* of the camera as it is; NULL: nobody watches it */
    enum camera_state state;        /* as the node has reported it */
    struct reason error;
    bool motion_is_configured;
    uint64_t epoch; /* the run of its node that has reported it */
    uint32_t place; /* in its node's directory */
};

/* entry: of its node's directory. NULL: no memory, or the id is too long. */
struct import_camera *import_camera_create(struct broker *broker, const char *node,
                                           const struct directory_entry *entry);
struct import_camera *import_camera_ref(struct import_camera *camera);
void import_camera_unref(struct import_camera **camera);
/* Whether the id that it has here is short enough. */
bool import_camera_fits(const char *node, const char *camera);

/* ---- The importer's thread ---- */

/* What the directory of that run of the node says of it. */
void import_camera_apply_entry(struct import_camera *camera, struct broker *broker, uint64_t epoch,
                               const struct directory_entry *entry);
/* What a beacon says. */
void import_camera_apply_figures(struct import_camera *camera, const struct camera_figures *figures);
/* The node is away, for that reason. */
void import_camera_set_away(struct import_camera *camera, const char *why);
void import_camera_apply_event(struct import_camera *camera, struct event_log *event_log,
                               struct event_log_entry *entry);

/* ---- The delivering thread ---- */

/* Turns sequence number and generation into those of here. False: the frame may not be shown any longer. */
bool import_camera_place(struct import_camera *camera, struct topic *topic, struct frame_info *info);

#endif
