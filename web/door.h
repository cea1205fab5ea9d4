/* The door: which clients keep civetweb's workers waiting, and who has to go when workers run short.
 *
 * A worker belongs to one connection from the accept to the close, and may spend all of that time waiting for the
 * client: for the head of its request, for the body, until it takes the reply. While there are workers enough, that is
 * nobody's loss. When fewer than `spare` are free, the connections that keep theirs waiting for longer than is decent
 * are shut down; their workers notice at once. Streams do not wait here once they run, and max_streams bounds them.
 *
 * Lifecycle: create before the web server, and destroy after it. Each worker has one visit, used for one connection
 * after the other: begin, serve once the head is there, any number of waits, end.
 * Threads: a visit belongs to its worker. The others: any. A thread of the door's own ends connections. */
#ifndef WEB_DOOR_H
#define WEB_DOOR_H

#include "broker/err.h"

#include <stdint.h>

struct door;
struct visit;

/* ERR_MEMORY; ERR_BUSY: no thread could be started. */
CHECKED enum err door_create(unsigned workers, unsigned spare, struct door **door);
void door_destroy(struct door **door);
/* The port whose connections come in here; before it is told, none is ended. */
void door_set_port(struct door *door, uint16_t port);
/* How many connections have been ended. */
uint64_t door_ended_count(struct door *door);
/* How many visits are over, however they ended. */
uint64_t door_visit_count(struct door *door);

/* The place of a worker, for the door's life; NULL once all are given away. */
struct visit *door_place(struct door *door);

/* visit may be NULL in these: then nothing happens. */

/* The worker has a connection, and waits for the head of the request: 100 ms are decent. */
void visit_begin(struct visit *visit);
/* The head is there; client is of socket_client(). */
void visit_serve(struct visit *visit, uint64_t client);
/* The worker waits for the rest of a body, or until a reply is taken: 2 s are decent. Then it works again. */
void visit_wait(struct visit *visit);
void visit_work(struct visit *visit);
/* Before the connection's socket is closed. */
void visit_end(struct visit *visit);

#endif
