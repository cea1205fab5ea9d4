/* The cluster: brokers on several machines, connected by NATS servers, that show each other's cameras.
 *
 * Cameras of other nodes that the settings import appear as topics of the broker, with ids such as "site-a.front".
 * Their frames come only while they have subscribers, once however many those are, and their variants are made by the
 * node that has the camera. What the settings export goes to others likewise.
 *
 * Lifecycle: start once the broker has its cameras; apply at each reload; broker_close(); stop, before the cameras end.
 * Threads: any, but for start, apply and stop: one at a time.
 * Ownership: the broker and the recorder are borrowed. */
#ifndef BROKER_CLUSTER_CLUSTER_H
#define BROKER_CLUSTER_CLUSTER_H

#include "broker/broker.h"
#include "broker/cluster/cluster_answer.h"
#include "broker/cluster/cluster_settings.h"
#include "broker/cluster/cluster_status.h"
#include "broker/cluster/node_name.h"
#include "broker/recording/playback/player.h"
#include "broker/recording/recorder.h"

struct cluster;

/* Connects, for 2 s at most, and asks whether there is another node of the same name; a server that does not answer is
 * tried again later. draw_gap: for playbacks, as in players_create(). recorder: NULL: nothing is recorded.
 * ERR_BUSY: there is such a node; ERR_INVALID: a file of the settings cannot be used; ERR_MEMORY; with a reason. */
CHECKED enum err cluster_start(const struct cluster_settings *settings, struct broker *broker,
                               struct recorder *recorder, gap_draw *draw_gap, struct cluster **cluster,
                               struct reason *reason);
/* Takes over what may be exported and imported; the rest of the settings is as at the start. They borrow from an arena
 * to which a reference is taken. */
void cluster_apply(struct cluster *cluster, const struct cluster_settings *settings);
/* Blocks: 1 s at most. *cluster may be NULL. */
void cluster_stop(struct cluster **cluster);

/* ERR_MEMORY: then *snapshot holds nothing to finish. */
CHECKED enum err cluster_take_snapshot(struct cluster *cluster, struct cluster_snapshot *snapshot);

/* Whether other nodes may see a camera of here. */
bool cluster_exports(struct cluster *cluster, const char *camera);
/* Whether a node is known here, whether it answers or not. */
bool cluster_knows_node(struct cluster *cluster, const char *node);

/* ---- Requests between nodes ---- */

/* Sends a request to a node and waits for its answer, which its server (below) has made of the bytes. ERR_NOT_FOUND: no
 * such node is known here; ERR_GONE: it does not answer; ERR_TIMEOUT; ERR_CLOSED: the server of the node refuses it, or
 * has none; what the server has returned; with a reason. Blocks: until then. */
CHECKED enum err cluster_request(struct cluster *cluster, const char *node, const void *request, size_t count,
                                 int64_t timeout_ns, struct cluster_answer *answer, struct reason *reason);

/* NULL: requests are refused. Blocks: until a call under way has returned. */
void cluster_set_server(struct cluster *cluster, cluster_serve *serve, void *user);

/* ---- Playback of what another node has recorded ---- */

struct cluster_playback;

/* As playback_begin(): publishes into the settings' topics, whose ids are those of imported cameras, all of one node;
 * the node's recordings are played there. Takes a reference to each topic. ERR_NOT_FOUND: the node is not known here;
 * ERR_GONE: it does not answer; ERR_BUSY; ERR_MEMORY. */
CHECKED enum err cluster_playback_begin(struct cluster *cluster, const struct playback_settings *settings,
                                        struct cluster_playback **playback);
/* Ends it. Does not wait: its topics are closed soon. *playback may be NULL. */
void cluster_playback_end(struct cluster_playback **playback);

#endif
