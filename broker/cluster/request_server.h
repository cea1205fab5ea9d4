/* Answers what other nodes request of this one: its identity, its directory, and all that its server answers.
 *
 * Lifecycle: create; requests arrive; destroy, when none arrive any more.
 * Threads: functions from any; two of its own answer. Ownership: everything is borrowed. */
#ifndef BROKER_CLUSTER_REQUEST_SERVER_H
#define BROKER_CLUSTER_REQUEST_SERVER_H

#include "broker/cluster/cluster_answer.h"
#include "broker/cluster/cluster_messages.h"
#include "broker/cluster/directory.h"
#include "broker/cluster/nats_link.h"

struct request_server;

/* ERR_MEMORY; ERR_BUSY: no thread. */
CHECKED enum err request_server_create(struct directory *directory, int64_t started_realtime_ns, struct nats_link *link,
                                       struct request_server **server);
/* Blocks: until answers under way are sent. */
void request_server_destroy(struct request_server **server);
/* Of type link_handler; user is the server. */
void request_server_take(void *user, struct link_message **message);
/* While it is paused, nothing is answered. */
void request_server_pause(struct request_server *server, bool paused);
/* cluster_set_server(). */
void request_server_set(struct request_server *server, cluster_serve *serve, void *user);

/* The other side: cluster_request(). self: the name of this node. */
CHECKED enum err request_send(struct nats_link *link, const char *self, const char *node, const void *request,
                              size_t count, int64_t timeout_ns, struct cluster_answer *answer, struct reason *reason);
/* Asks for the identity of another node of this node's name; *identity is its beacon. ERR_NOT_FOUND: there is none;
 * ERR_TIMEOUT; ERR_CLOSED. */
CHECKED enum err request_identity(struct nats_link *link, const char *self, int64_t timeout_ns,
                                  struct beacon_message *identity);

#endif
