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
#ifndef WEB_SENDER_H
#define WEB_SENDER_H

#include "broker/topic.h"

struct senders;

struct stream_settings {
    struct topic *const *topics; /* borrowed, each */
    size_t topic_count;          /* at least 1 */
    int fd;                      /* connected, the response's head already sent; stays the caller's */
    const char *remote;          /* "127.0.0.1:52034" */
    const char *route;           /* for status; static */
    double fps;                  /* at most so many frames a second of each topic; 0: all */
    int64_t until_ns;            /* when it ends (monotonic), up to 10 s later within a part; 0: with the client */
    /* Chromium shows a part when the headers of the next one have come (crbug 527446). With this set, a frame that no
     * newer one follows within 100 ms is sent once more, so that it shows. */
    bool repeat_for_display;
};

/* count: 1 to 64 threads, or 0 for as many as there are cores. ERR_MEMORY, ERR_BUSY. */
CHECKED enum err senders_create(unsigned count, struct senders **senders);
/* Serves a stream. Blocks: until the client leaves, its time is over, every topic is closed, or senders_stop().
 * Threads: any. ERR_MEMORY or ERR_CLOSED when it could not even begin. */
CHECKED enum err senders_serve(struct senders *senders, const struct stream_settings *settings);
/* Ends all streams, and every one that comes later. Threads: any. Does not wait. */
void senders_stop(struct senders *senders);
/* Joins the threads. No call of senders_serve() may be under way any more. */
void senders_destroy(struct senders **senders);

#endif
