/* The web server: civetweb's workers answer requests; sender threads push the streams, which outlive theirs.
 *
 * Lifecycle: server_start() listens and answers until server_stop(), which ends every stream first.
 * Threads: server_start() and server_stop() from one thread, not from a request. The others: any.
 * Ownership: the broker is borrowed and outlives the server. */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "broker/broker.h"
#include "broker/cluster/cluster.h"
#include "broker/recording/recorder.h"
#include "web/access/access.h"
#include "web/access/principal.h"
#include "web/access/request_policy.h"
#include "web/hooks/hook_settings.h"
#include "web/http/listener.h"
#include "web/mqtt/mqtt_settings.h"
#include "web/routes/support/server_host.h"
#include "web/views/wall_views.h"

#define REQUEST_THREADS_MIN 16
#define REQUEST_THREADS_MAX 256

struct server_settings {
    struct listen_address listen;
    struct listen_address monitor_listen; /* answers monitoring, whatever load the rest has */
    unsigned max_streams;
    unsigned max_streams_per_address; /* 0: no limit of its own */
    int64_t max_stream_life_ns;       /* 0: no limit */
    unsigned max_event_streams;
    unsigned request_threads;      /* REQUEST_THREADS_MIN to REQUEST_THREADS_MAX */
    unsigned senders;              /* threads that push streams; 0: as many as there are cores */
    bool allow_anonymous;          /* also beyond this machine, see server_check_exposure() */
    struct request_policy *policy; /* borrowed; NULL: one without settings */
    struct access *access;         /* borrowed; NULL: every request has all rights */
    struct hooks_settings hooks;   /* borrowed, but for what refers to their storage */
    struct wall_views views;       /* likewise */
    struct mqtt_settings mqtt;     /* likewise; without a URL: none */
    struct recorder *recorder;     /* the program's, borrowed; NULL: nothing is recorded */
    struct cluster *cluster;       /* likewise; NULL: none */
    struct server_host host;       /* the program's, not the file's */
};

struct server;

/* Whether clients from other machines need an account to use one of its addresses, unless the settings allow anonymous
 * ones. has_users: the address has users or tokens. ERR_DENIED with a reason that says what to do. */
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
 * see it. Of the others, named in config/app/restart_required.c, nothing is taken. settings may borrow from the
 * configuration that was applied last: the one before is freed once this has returned, so whatever requests may still
 * hold of it is copied or counted here. Cannot fail: what needs memory or can be refused is prepared when the file is
 * checked. Threads: any, one at a time. */
void server_apply(struct server *server, const struct server_settings *settings);
/* Records how a reload has ended. fault: why it changed nothing; NULL: it succeeded. */
void server_note_reload(struct server *server, const char *fault);
/* Ends the streams and joins every thread. Takes some 0.1 s with 1,000 streams. */
void server_stop(struct server **server);

/* What to put around each frame so that it is a ready part of a multipart stream; static. */
const struct frame_envelope *server_frame_envelope(void);

#endif
