/* The connection to the NATS servers: with nats_options.h the only files that know libnats.
 *
 * libnats reconnects by itself. Where it gives up, as after a login that is refused, nats_link_work() begins anew.
 * Nothing is kept for later while there is no connection: publishing is refused.
 *
 * Lifecycle: create; subscribe; work, again and again; close; destroy.
 * Threads: work, subscribe and close: the owner's; others: any. Handlers are called on threads of libnats.
 * Ownership: settings are borrowed. */
#ifndef BROKER_CLUSTER_NATS_LINK_H
#define BROKER_CLUSTER_NATS_LINK_H

#include "broker/cluster/cluster_settings.h"
#include "broker/cluster/cluster_status.h"
#include "broker/cluster/subject.h"
#include "broker/frame/frame.h"

struct nats_link;

/* A message that has arrived. */
struct link_message;
const char *link_message_subject(const struct link_message *message);
/* Where an answer goes; NULL: nowhere. */
const char *link_message_reply(const struct link_message *message);
struct span link_message_bytes(const struct link_message *message);
void link_message_destroy(struct link_message **message);

/* Takes *message. Must not block, nor publish. */
typedef void link_handler(void *user, struct link_message **message);

/* changed: called when the state has changed, on a thread of libnats, or of work; must not block. ERR_INVALID: a file
 * of the settings cannot be used; ERR_MEMORY; with a reason. */
CHECKED enum err nats_link_create(const struct cluster_settings *settings, void (*changed)(void *user), void *user,
                                  struct nats_link **link, struct reason *reason);
/* After nats_link_close(). */
void nats_link_destroy(struct nats_link **link);

/* Subscribes now, if connected, and after each connection. subject is copied. */
CHECKED enum err nats_link_subscribe(struct nats_link *link, const char *subject, link_handler *handle, void *user);
/* Connects, if there is no connection and the time has come. Returns when to call it again. Blocks: some seconds, while
 * it connects. */
int64_t nats_link_work(struct nats_link *link);
/* Sends what is under way, and ends the connection: no handler is called once it has returned, and publishing is
 * refused. Blocks: 300 ms at most, or until calls under way have returned. */
void nats_link_close(struct nats_link *link);

/* Counts the connections so far; 0: there is none now. */
uint64_t nats_link_connection(struct nats_link *link);
/* Of one message. */
size_t nats_link_max_payload(struct nats_link *link);

/* reply: where an answer goes; NULL: none is wanted. ERR_CLOSED: not connected. Blocks: while the way to the server is
 * full, 3 s at most. */
CHECKED enum err nats_link_publish(struct nats_link *link, const char *subject, const char *reply, const void *bytes,
                                   size_t count);
/* Waits for the answer. ERR_NOT_FOUND: nobody listens to the subject; ERR_TIMEOUT; ERR_CLOSED; ERR_IO. */
CHECKED enum err nats_link_request(struct nats_link *link, const char *subject, const void *bytes, size_t count,
                                   int64_t timeout_ns, struct link_message **answer);

struct nats_link_status {
    enum cluster_state state; /* connecting, connected or refused */
    int64_t since_realtime_ns;
    struct reason error;
    char server[256];
    uint64_t reconnects;
};
void nats_link_status(struct nats_link *link, struct nats_link_status *status);

#endif
