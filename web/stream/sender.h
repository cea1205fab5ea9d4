/* The sender threads: they own the sockets of all live streams and push frames into them.
 *
 * A stream is served by one sender for its life. A published frame wakes each sender once; it then sends the frame's
 * part, which is the same for all clients, with one system call to each of its streams that is ready for it. While a
 * sender has few streams, the publisher sends to them itself: waking a thread would cost as much as that. A stream
 * of several topics gets what they publish within a few milliseconds with one call, too. Sockets never block: a client
 * that has not taken a part yet gets the rest when it can, and then the newest frame there is. A client that takes
 * nothing for ten seconds is dropped; one that leaves is noticed at once.
 *
 * Threads: as each function says. Lock order: a sender's lock is innermost. */
#ifndef WEB_STREAM_SENDER_H
#define WEB_STREAM_SENDER_H

#include "web/stream/stream_settings.h"

struct senders;

/* count: 1 to 64 threads, or 0 for as many as there are cores. ERR_MEMORY, ERR_BUSY. */
CHECKED enum err senders_create(unsigned count, struct senders **senders);
/* Begins a stream, which lasts until the client leaves, its time is over, every topic is closed, or senders_stop().
 * Threads: any. ERR_MEMORY; ERR_CLOSED: after senders_stop(). Then `ended` is not called. */
CHECKED enum err senders_begin(struct senders *senders, const struct stream_settings *settings);
/* Ends all streams, and every one that comes later. Threads: any. Does not wait. */
void senders_stop(struct senders *senders);
/* Ends all streams and joins the threads: every `ended` has been called. */
void senders_destroy(struct senders **senders);

#endif
