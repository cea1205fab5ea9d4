/* Answers what other nodes ask (node_request.h) of the cameras of here, from the broker and the recordings. What is not
 * exported does not exist for them, whatever they ask.
 *
 * Threads: any. */
#ifndef BROKER_CLUSTER_REQUESTS_NODE_SERVER_H
#define BROKER_CLUSTER_REQUESTS_NODE_SERVER_H

#include "broker/cluster/cluster.h"

/* All borrowed for as long as requests are answered. */
struct node_server {
    struct broker *broker;
    const char *recordings; /* their folder; NULL: nothing is recorded */
    struct cluster *cluster;
    bool (*exports)(struct cluster *cluster, const char *camera); /* cluster_exports() */
};

/* A cluster_serve; user: a struct node_server. */
enum err node_server_answer(void *user, const char *node, const void *request, size_t count,
                            struct cluster_answer *answer, struct reason *reason);

#endif
