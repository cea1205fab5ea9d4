/* The web server: civetweb's workers take the requests, sender threads push the streams.
 *
 * Lifecycle: server_start() listens and answers until server_stop(), which ends every stream first.
 * Threads: server_start() and server_stop() from one thread, not from a request. The others: any.
 * Ownership: the broker is borrowed and outlives the server. */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "broker/broker.h"

struct server_settings {
    char address[64]; /* IPv4, numeric, e.g. "127.0.0.1" */
    uint16_t port;    /* 0: a free one */
    unsigned max_streams;
    unsigned senders;     /* threads that push streams; 0: as many as there are cores */
    bool allow_anonymous; /* also beyond this machine, see server_check_exposure() */
};

struct server;

/* "ADDR:PORT" or "PORT" into address and port. ERR_INVALID with a reason. */
CHECKED enum err server_parse_listen(const char *text, struct server_settings *settings, struct reason *reason);

/* Whether nobody from beyond this machine reaches cameras without saying who he is, unless the settings allow it.
 * has_users: there are users or tokens. ERR_DENIED with a reason that says what to do. */
CHECKED enum err server_check_exposure(const struct server_settings *settings, bool has_users, struct reason *reason);

/* ERR_BUSY: the port is in use; reason says so. */
CHECKED enum err server_start(const struct server_settings *settings, struct broker *broker, struct server **server,
                              struct reason *reason);
/* The port that it really listens on. */
uint16_t server_port(const struct server *server);
/* Ends the streams and joins every thread. Takes some 0.1 s with 1,000 streams. */
void server_stop(struct server **server);

/* What to put around each frame so that it is a ready part of a multipart stream; static. */
const struct frame_envelope *server_frame_envelope(void);

#endif
