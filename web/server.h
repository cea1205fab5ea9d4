/* The web server: civetweb's workers take the requests, sender threads push the streams.
 *
 * Lifecycle: server_start() listens and answers until server_stop(), which ends every stream first.
 * Threads: server_start() and server_stop() from one thread, not from a request. The others: any.
 * Ownership: the broker is borrowed and outlives the server. */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "broker/broker.h"
#include "web/access.h"
#include "web/edge.h"
#include "web/hook_settings.h"
#include "web/listener.h"
#include "web/visitor.h"

/* What became of a request to read the configuration again. */
struct reload_answer {
    int status; /* of HTTP */
    char *json; /* the caller's to free(); NULL when memory ran out */
};

/* What the server asks of the program around it. Called from requests, any number at once. */
struct server_host {
    /* Reads the configuration again and applies it. The answer names nothing that the visitor may not see. Blocks:
     * until that is done, or the program ends. NULL: cannot. */
    void (*reload)(void *user, const struct visitor *visitor, struct reload_answer *answer);
    void *user; /* outlives the server */
};

struct server_settings {
    struct listen_address listen;
    struct listen_address monitor_listen; /* for those who look after the server, whatever the rest of it suffers */
    unsigned max_streams;
    unsigned max_streams_per_address; /* 0: no limit of its own */
    int64_t max_stream_life_ns;       /* 0: no limit */
    unsigned senders;                 /* threads that push streams; 0: as many as there are cores */
    bool allow_anonymous;             /* also beyond this machine, see server_check_exposure() */
    struct edge *edge;                /* borrowed; NULL: one without settings */
    struct access *access;            /* borrowed; NULL: everybody may do everything */
    struct hooks_settings hooks;      /* borrowed, but for what refers to their storage */
    struct server_host host;          /* the program's, not the file's */
};

struct server;

/* Whether nobody from beyond this machine reaches one of its addresses without saying who he is, unless the settings
 * allow it. has_users: those who come there have to be users, or have a token. ERR_DENIED with a reason that says what
 * to do. */
CHECKED enum err server_check_exposure(const struct server_settings *settings, const struct listen_address *listen,
                                       bool has_users, struct reason *reason);

/* ERR_BUSY: the port is in use; reason says so. */
CHECKED enum err server_start(const struct server_settings *settings, struct broker *broker, struct server **server,
                              struct reason *reason);
/* The port that it really listens on. */
uint16_t server_port(const struct server *server);
/* Whether it works: listener_check(). */
CHECKED enum err server_check(struct server *server, struct reason *reason);
/* Applies what can change while the server runs, which is the place for every such setting: requests that come later
 * see it. Of the others, named in config/fixed_settings.c, nothing is taken. settings may borrow from the configuration
 * that was applied last: the one before is freed once this has returned, so whatever requests may still hold of it is
 * copied or counted here. Cannot fail: what needs memory or can be refused is prepared when the file is checked.
 * Threads: any, one at a time. */
void server_apply(struct server *server, const struct server_settings *settings);
/* Tells how a reload has ended, whoever asked for it. fault: why it changed nothing; NULL: it went well. */
void server_note_reload(struct server *server, const char *fault);
/* Ends the streams and joins every thread. Takes some 0.1 s with 1,000 streams. */
void server_stop(struct server **server);

/* What to put around each frame so that it is a ready part of a multipart stream; static. */
const struct frame_envelope *server_frame_envelope(void);

#endif
