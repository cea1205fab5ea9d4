/* The reaper: ends connections that keep civetweb's workers waiting when workers run short.
 *
 * A worker waits for its client to send the head and the body of a request. While enough workers are free, that costs
 * nothing. When fewer than `spare` are, connections that have waited for too long are shut down, and so is at once
 * every one beyond the share of its client's address; their workers notice immediately.
 *
 * Lifecycle: create before the web server, and destroy after it. Each worker has one visit, used for one connection
 * after the other: begin, serve once the head has arrived, any number of waits, end.
 * Threads: a visit belongs to its worker. The others: any. A thread of the reaper's own ends connections. */
#ifndef WEB_HTTP_REAPER_H
#define WEB_HTTP_REAPER_H

#include "broker/base/err.h"

#include <stdint.h>

/* Connections that civetweb has accepted and no worker has taken yet, at the same time. */
#define REAPER_QUEUE_MAX 64

struct connections;
struct reaper;
struct visit;

/* connections is borrowed for the reaper's life. ERR_MEMORY; ERR_BUSY: no thread could be started. */
CHECKED enum err reaper_create(unsigned workers, unsigned spare, struct connections *connections,
                               struct reaper **reaper);
void reaper_destroy(struct reaper **reaper);
/* Called from the reaper's thread after connections were ended whose heads had not arrived, until reaper_destroy(). */
void reaper_on_silence(struct reaper *reaper, void (*on_silence)(void *user), void *user);
/* How many connections have been ended. */
uint64_t reaper_ended_count(struct reaper *reaper);
/* How many visits are over, however they ended. */
uint64_t reaper_visit_count(struct reaper *reaper);

/* The visit of the worker that calls it, for the reaper's life; NULL once all are given away. */
struct visit *reaper_place(struct reaper *reaper);

/* visit may be NULL in these: then nothing happens. */

/* The worker has a connection, and waits for the head of the request; may be reaped after 100 ms. */
void visit_begin(struct visit *visit);
/* The head has arrived; client is of connections_client(). */
void visit_serve(struct visit *visit, uint64_t client);
/* The worker waits for the rest of a body; may be reaped after 2 s. Then it works again. */
void visit_wait(struct visit *visit);
void visit_work(struct visit *visit);
/* Before the connection's socket is closed. */
void visit_end(struct visit *visit);

#endif
