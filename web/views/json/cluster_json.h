/* The cluster as JSON: in status, and as /api/cluster.
 * Ownership: a value is a new reference, NULL when memory ran out; a text is the caller's to free().
 * Threads: any. */
#ifndef WEB_VIEWS_JSON_CLUSTER_JSON_H
#define WEB_VIEWS_JSON_CLUSTER_JSON_H

#include "broker/broker.h"
#include "broker/cluster/cluster_status.h"
#include "web/views/json/json_values.h"

#include <stdbool.h>

/* {"state", "error", "nodes", "online"}: how many other nodes are known, and how many of them answer. cluster: NULL:
 * the state is "off". */
json_t *cluster_status_json(const struct cluster_snapshot *cluster);

/* {"node", "state", "since", "error", "nodes": [{"name", "state", "since", "cameras": [{"id", "name", "state",
 * "error"}]}]}, of the cameras of the snapshot and their nodes; with shows_figures of every node, with figures of it
 * and its channels, and "server", "exported", "reconnects", "malformed" and "gateways". cluster: NULL: as above. */
char *cluster_render(const struct cluster_snapshot *cluster, const struct broker_snapshot *snapshot,
                     bool shows_figures);

#endif
