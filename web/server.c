#define _DEFAULT_SOURCE
#include "web/server.h"

#include "broker/clock.h"
#include "broker/log.h"
#include "broker/sync.h"
#include "web/door.h"
#include "web/handlers.h"
#include "web/hooks.h"
#include "web/multipart.h"
#include "web/self_check.h"
#include "web/socket.h"

#include <civetweb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Descriptors beyond one a worker: the accept queue, the cameras, libraries. */
#define DESCRIPTORS_IN_RESERVE 512u
#define WORKERS_START_WITHIN_NS (5 * NS_PER_S)

struct server {
    struct site site;
    struct server_settings settings;
    struct door *door;
    struct hooks *hooks; /* NULL: none */
    bool has_library;    /* mg_init_library() has been called */
    struct mg_context *context;
    uint16_t port;
    struct lock lock;
    struct condition worker_started;
    unsigned workers_started GUARDED_BY(lock);
};

/* A reference, under which a request is answered whatever is applied meanwhile. */
static struct edge *site_edge(struct site *site) {
    lock_acquire(&site->lock);
    struct edge *edge = edge_ref(site->edge);
    lock_release(&site->lock);
    return edge;
}

/* ---- civetweb's callbacks ---- */

static int on_connection(const struct mg_connection *connection, void **unused) {
    (void)unused;
    visit_begin(mg_get_thread_pointer(connection));
    return 0;
}

static void on_close(const struct mg_connection *connection) { visit_end(mg_get_thread_pointer(connection)); }

static int on_request(struct mg_connection *connection) {
    const struct mg_request_info *info = mg_get_request_info(connection);
    visit_serve(mg_get_thread_pointer(connection), socket_client(info->remote_addr, info->remote_port));
    /* Without this, civetweb reads an unread body to its end before it lets the worker go, however slowly it comes. */
    mg_disable_connection_keep_alive(connection);
    struct http_request request;
    http_request_init(&request, connection);
    struct server *server = info->user_data;
    request.edge = site_edge(&server->site);
    edge_describe(&request);
    handle_request(&server->site, &request);
    edge_unref(&request.edge);
    return 1; /* whatever it was, it is answered */
}

/* civetweb refuses a request itself: malformed, too large, or timed out. */
static int on_refusal(struct mg_connection *connection, int status, const char *message) {
    (void)message; /* may hold parts of the request */
    struct http_request request;
    http_request_init(&request, connection);
    struct server *server = mg_get_request_info(connection)->user_data;
    request.edge = site_edge(&server->site);
    edge_describe(&request);
    http_reply_error(&request, status, NULL, "bad_request",
                     status == 413 || status == 414 ? "the request is too large" : "the request is not valid HTTP");
    edge_unref(&request.edge);
    return 0;
}

static int on_log(const struct mg_connection *connection, const char *message) {
    (void)connection;
    log_event(LOG_LEVEL_DEBUG, NULL, "civetweb: %s", message);
    return 1;
}

/* Called in each of civetweb's threads as it starts; kind 1 is a worker. */
static void *on_thread(const struct mg_context *context, int kind) {
    struct server *server = mg_get_user_data(context);
    if (kind == 1) {
        lock_acquire(&server->lock);
        server->workers_started++;
        condition_signal(&server->worker_started);
        lock_release(&server->lock);
    }
    return kind == 1 ? door_place(server->door) : NULL;
}

/* ---- Starting ---- */

enum err server_parse_listen(const char *text, struct server_settings *settings, struct reason *reason) {
    const char *colon = strrchr(text, ':');
    const char *port_text = colon != NULL ? colon + 1 : text;
    char *end;
    long port = strtol(port_text, &end, 10);
    char address[sizeof settings->address] = "127.0.0.1";
    if (colon != NULL) {
        snprintf(address, sizeof address, "%.*s", (int)(colon - text), text);
    }
    if (port_text[0] < '0' || port_text[0] > '9' || *end != '\0' || port > 65535) {
        reason_set(reason, "must be ADDRESS:PORT with a port from 0 to 65535, e.g. \"127.0.0.1:8080\"");
        return ERR_INVALID;
    }
    if (!socket_is_address(address)) {
        reason_set(reason, "must be ADDRESS:PORT with an IPv4 address, e.g. \"127.0.0.1:8080\" or \"0.0.0.0:8080\"");
        return ERR_INVALID;
    }
    memcpy(settings->address, address, sizeof address);
    settings->port = (uint16_t)port;
    return ERR_OK;
}

enum err server_check_exposure(const struct server_settings *settings, bool has_users, struct reason *reason) {
    if (has_users || settings->allow_anonymous || socket_is_loopback(settings->address)) {
        return ERR_OK;
    }
    reason_set(reason,
               "whoever reaches this address would see every camera, as there are neither users nor tokens; listen on "
               "127.0.0.1, or allow it with \"allow_anonymous\": true in \"server\"");
    return ERR_DENIED;
}

const struct frame_envelope *server_frame_envelope(void) {
    multipart_init();
    return multipart_envelope();
}

/* With descriptors exhausted civetweb's acceptor would spin: make sure that they suffice. */
static enum err check_descriptor_limit(unsigned workers, struct reason *reason) {
    rlim_t needed = workers + DESCRIPTORS_IN_RESERVE;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed) {
        reason_set(reason,
                   "this many streams need %lu file descriptors, and the limit is %lu; lower server.max_streams or "
                   "raise the limit (ulimit -n)",
                   (unsigned long)needed, (unsigned long)limit.rlim_cur);
        return ERR_BUSY;
    }
    return ERR_OK;
}

static struct mg_context *start_civetweb(struct server *server, unsigned workers) {
    char listen[96];
    char worker_count[16];
    snprintf(listen, sizeof listen, "%s:%u", server->settings.address, server->settings.port);
    snprintf(worker_count, sizeof worker_count, "%u", workers);
    const char *options[] = {
        "listening_ports",
        listen,
        "num_threads",
        worker_count,
        "request_timeout_ms",
        "10000",
        "tcp_nodelay",
        "1",
        "enable_keep_alive",
        "no",
        "connection_queue",
        "64",
        "listen_backlog",
        "1024",
        "max_request_size",
        "8192",
        "access_control_allow_methods",
        "",
        "enable_auth_domain_check", /* of absolute addresses; ours is edge_admit() */
        "no",
        NULL,
    };
    struct mg_callbacks callbacks = {
        .begin_request = on_request,
        .http_error = on_refusal,
        .log_message = on_log,
        .init_thread = on_thread,
        .init_connection = on_connection,
        .connection_close = on_close,
    };
    return mg_start(&callbacks, server, options);
}

/* civetweb starts as many workers as it can and says nothing of the rest. */
static bool wait_for_workers(struct server *server, unsigned workers) {
    int64_t deadline_ns = clock_monotonic_ns() + WORKERS_START_WITHIN_NS;
    lock_acquire(&server->lock);
    while (server->workers_started < workers &&
           condition_wait_until(&server->worker_started, &server->lock, deadline_ns)) {
    }
    bool all = server->workers_started >= workers;
    lock_release(&server->lock);
    return all;
}

static unsigned count_push_cameras(struct broker *broker) {
    unsigned count = 0;
    struct topic *topic;
    for (size_t i = 0; (topic = broker_topic_at(broker, i)) != NULL; i++) {
        count += topic_settings(topic).push_key[0] != '\0';
        topic_unref(&topic);
    }
    return count;
}

static enum err listen_and_serve(struct server *server, struct reason *reason) {
    /* Each may hold a worker for as long as it sends; some more may come with another configuration. */
    unsigned pushers = count_push_cameras(server->site.broker);
    server->site.pushers_max = pushers + WORKERS_IN_RESERVE / 4;
    unsigned workers = server->settings.max_streams + pushers + EVENT_STREAMS_MAX + WORKERS_IN_RESERVE;
    enum err error = check_descriptor_limit(workers, reason);
    if (error == ERR_OK) {
        error = socket_try_listen(server->settings.address, server->settings.port, reason);
    }
    if (error != ERR_OK) {
        return error;
    }
    error = door_create(workers, WORKERS_IN_RESERVE / 2, &server->door);
    if (error != ERR_OK) {
        reason_set(reason, "cannot start the web server: %s", err_text(error));
        return error;
    }
    mg_init_library(0); /* TLS stays off: Debian's build crashes with it */
    server->has_library = true;
    server->context = start_civetweb(server, workers);
    struct mg_server_port port;
    if (server->context == NULL || mg_get_server_ports(server->context, 1, &port) != 1) {
        reason_set(reason, "cannot start the web server on %s:%u", server->settings.address, server->settings.port);
        return ERR_IO;
    }
    server->port = (uint16_t)port.port;
    door_set_port(server->door, server->port);
    if (!wait_for_workers(server, workers)) {
        reason_set(reason,
                   "cannot start %u threads for %u streams; lower server.max_streams or raise the limit of threads "
                   "(ulimit -u)",
                   workers, server->settings.max_streams);
        return ERR_BUSY;
    }
    int listener;
    if (socket_find_listener(server->port, &listener) == ERR_OK) {
        socket_prepare_listener(listener);
    }
    return ERR_OK;
}

static enum err prepare_site(struct server *server, struct reason *reason) {
    enum err error = gate_create(&server->site.gate);
    if (error != ERR_OK) {
        reason_set(reason, "cannot set up who may do what: %s", err_text(error));
        return error;
    }
    randombytes_buf(server->site.viewer_key, sizeof server->site.viewer_key);
    server_apply(server, &server->settings);
    error = admission_create(server->settings.max_streams, &server->site.admission);
    if (error == ERR_OK) {
        error = senders_create(server->settings.senders, &server->site.senders);
    }
    if (error != ERR_OK) {
        reason_set(reason, "cannot start the sender threads: %s", err_text(error));
    }
    return error;
}

enum err server_start(const struct server_settings *settings, struct broker *broker, struct server **out,
                      struct reason *reason) {
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    server->settings = *settings;
    server->site.broker = broker;
    server->site.host = settings->host;
    lock_init(&server->site.lock);
    lock_init(&server->lock);
    condition_init(&server->worker_started);
    enum err error = prepare_site(server, reason);
    if (error == ERR_OK) {
        error = listen_and_serve(server, reason);
    }
    if (error != ERR_OK) {
        server_stop(&server);
        return error;
    }
    *out = server;
    return ERR_OK;
}

uint16_t server_port(const struct server *server) { return server->port; }

enum err server_check(struct server *server, struct reason *reason) {
    uint64_t visits_before = door_visit_count(server->door);
    enum err error = self_check(server->settings.address, server->port, reason);
    if (error == ERR_TIMEOUT && door_visit_count(server->door) != visits_before) {
        return ERR_OK; /* to start anew would cost every stream, and help nobody */
    }
    return error;
}

/* ---- Changing ---- */

/* Hooks that stay as they are are not disturbed. */
static void apply_hooks(struct server *server, const struct hooks_settings *settings) {
    static const struct hooks_settings none;
    if (hooks_settings_equal(server->hooks != NULL ? hooks_settings_of(server->hooks) : &none, settings)) {
        return;
    }
    hooks_stop(&server->hooks);
    if (settings->count > 0) {
        enum err error = hooks_start(settings, server->site.broker, &server->hooks);
        if (error != ERR_OK) {
            log_event(LOG_LEVEL_ERROR, NULL, "hooks cannot be started: %s", err_text(error));
        }
    }
}

void server_apply(struct server *server, const struct server_settings *settings) {
    /* There are threads for no more streams than at the start. */
    unsigned most = server->settings.max_streams;
    unsigned streams_max = settings->max_streams < most ? settings->max_streams : most;
    atomic_store_explicit(&server->site.streams_max, streams_max, memory_order_relaxed);
    atomic_store_explicit(&server->site.streams_max_per_address, settings->max_streams_per_address,
                          memory_order_relaxed);
    atomic_store_explicit(&server->site.stream_life_ns, settings->max_stream_life_ns, memory_order_relaxed);
    lock_acquire(&server->site.lock);
    struct edge *before = server->site.edge;
    server->site.edge = edge_ref(settings->edge);
    lock_release(&server->site.lock);
    edge_unref(&before);
    gate_set_access(server->site.gate, settings->access);
    apply_hooks(server, &settings->hooks);
}

void server_note_reload(struct server *server, const char *fault) {
    struct site *site = &server->site;
    struct journal_entry entry = {.kind = fault != NULL ? JOURNAL_RELOAD_FAILED : JOURNAL_RELOADED};
    reason_set(&entry.reason, "%s", fault != NULL ? fault : "");
    journal_publish(broker_journal(site->broker), &entry);
    lock_acquire(&site->lock);
    site->reloads.count++;
    site->reloads.failed += fault != NULL;
    site->reloads.last_ns = clock_realtime_ns();
    reason_set(&site->reloads.last_fault, "%s", fault != NULL ? fault : "");
    lock_release(&site->lock);
}

/* ---- Stopping ---- */

/* mg_stop() waits for threads that look at its flag only every two seconds, unless something happens on their socket:
 * the acceptor, and workers whose client has not sent its request yet. So something happens, from another thread, once
 * mg_stop() has had the time to set the flag. */
static void *nudge(void *argument) {
    const struct server *server = argument;
    const struct timespec pause = {.tv_nsec = 20 * NS_PER_MS};
    nanosleep(&pause, NULL);
    socket_nudge_listener(server->settings.address, server->port);
    socket_shut_connections(server->port);
    return NULL;
}

void server_stop(struct server **server_pointer) {
    struct server *server = *server_pointer;
    *server_pointer = NULL;
    if (server == NULL) {
        return;
    }
    hooks_stop(&server->hooks);
    if (server->site.senders != NULL) {
        senders_stop(server->site.senders);
    }
    if (server->context != NULL) {
        pthread_t nudger;
        bool nudging = thread_start(&nudger, "nudge", 0, nudge, server) == ERR_OK;
        mg_stop(server->context);
        if (nudging) {
            pthread_join(nudger, NULL);
        }
    }
    if (server->has_library) {
        mg_exit_library();
    }
    door_destroy(&server->door);
    senders_destroy(&server->site.senders);
    gate_destroy(&server->site.gate);
    condition_finish(&server->worker_started);
    lock_finish(&server->lock);
    lock_finish(&server->site.lock);
    edge_unref(&server->site.edge);
    admission_destroy(&server->site.admission);
    free(server);
}
