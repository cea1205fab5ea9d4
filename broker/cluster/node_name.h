/* Ids of cameras of other nodes: NODE.CAMERA.
 * Threads: any. */
#ifndef BROKER_CLUSTER_NODE_NAME_H
#define BROKER_CLUSTER_NODE_NAME_H

#include "broker/cluster/cluster_settings.h"

/* Splits "site-a.front" into its node and camera, which is borrowed from id. False: it is the id of a camera of here,
 * or none. */
bool cluster_split_id(const char *id, char node[NODE_MAX_BYTES + 1], const char **camera);

#endif
