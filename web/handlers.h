/* What each route answers.
 *
 * Threads: any number of requests at once, each on its own thread. A handler returns when its reply is sent; that of a
 * stream, when the stream has ended. */
#ifndef WEB_HANDLERS_H
#define WEB_HANDLERS_H

#include "broker/broker.h"
#include "web/http.h"
#include "web/router.h"
#include "web/sender.h"

#include <stdatomic.h>

/* What the handlers share. */
struct site {
    struct broker *broker;
    struct senders *senders;
    unsigned streams_max;
    /* Relaxed: each counts for itself. */
    atomic_uint streams_active;
    _Atomic uint64_t streams_rejected;
};

/* Answers any request. */
void handle_request(struct site *site, const struct http_request *request);

/* The two with a file of their own. topic is borrowed. */
void handle_video_feed(struct site *site, const struct http_request *request, const struct route *route,
                       struct topic *topic);
void handle_snapshot(const struct http_request *request, const struct route *route, struct topic *topic);

#endif
