#include "broker/cluster/cluster_status.h"

#include <stdlib.h>

const char *cluster_state_name(enum cluster_state state) {
    switch (state) {
    case CLUSTER_CONNECTING: return "connecting";
    case CLUSTER_CONNECTED: return "connected";
    case CLUSTER_REFUSED: return "refused";
    case CLUSTER_NAME_IN_USE: return "name_in_use";
    }
    return "unknown";
}

const char *cluster_node_state_name(enum cluster_node_state state) {
    switch (state) {
    case CLUSTER_NODE_ONLINE: return "online";
    case CLUSTER_NODE_AWAY: return "away";
    case CLUSTER_NODE_STOPPED: return "stopped";
    }
    return "unknown";
}

void cluster_snapshot_finish(struct cluster_snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->node_count; i++) {
        free(snapshot->nodes[i].channels);
    }
    for (size_t i = 0; i < snapshot->gateway_count; i++) {
        free(snapshot->gateways[i].channels);
    }
    free(snapshot->nodes);
    free(snapshot->gateways);
    *snapshot = (struct cluster_snapshot){.node = ""};
}
