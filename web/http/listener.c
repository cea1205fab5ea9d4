#define _GNU_SOURCE /* pthread_setattr_default_np */
#include "web/http/listener.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/sync.h"
#include "web/http/connections.h"
#include "web/http/handoff.h"
#include "web/http/outbox.h"
#include "web/http/quota.h"
#include "web/http/reaper.h"
#include "web/http/self_check.h"
#include "web/http/socket.h"

#include <civetweb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What civetweb asks for. Where the system's minimum is higher, as on arm64, it gets the default, of 8 MiB. */
#define CIVETWEB_STACK_BYTES ((size_t)100 << 10)
#define WORKERS_START_WITHIN_NS (5 * NS_PER_S)
#define FREE_PORT_TRIES 16u
/* For replies that slow clients have not taken yet. */
#define OUTBOX_BYTES ((size_t)64 << 20)

struct listener {
    struct listener_settings settings;
    struct connections *connections;
    struct outbox *outbox;
    struct quota *bodies;
    struct reaper *reaper;
    bool has_library; /* mg_init_library() has been called */
    struct mg_context *context;
    struct handoff *handoff; /* NULL: IPv4 alone */
    struct handoff *relief;  /* of IPv4; NULL: IPv6 alone, or there can be none */
    bool has_both_families;
    uint16_t port;               /* that clients connect to */
    struct listen_address inner; /* where civetweb listens */
    struct lock lock;
    struct condition worker_started;
    unsigned workers_started GUARDED_BY(lock);
};

/* ---- civetweb's callbacks ---- */

static int on_connection(const struct mg_connection *connection, void **unused) {
    (void)unused;
    visit_begin(mg_get_thread_pointer(connection));
    return 0;
}

static void on_close(const struct mg_connection *connection) { visit_end(mg_get_thread_pointer(connection)); }

static void answer_connection(struct mg_connection *connection, struct http_transport *transport, int refusal) {
    const struct listener *listener = mg_get_request_info(connection)->user_data;
    struct http_request request;
    http_request_init(&request, transport, refusal != 0);
    listener->settings.answer(listener->settings.user, &request, refusal);
}

/* Whose request it is. False: the client has gone, or civetweb's listener was reached where only the handoff may. */
static bool find_client(const struct listener *listener, const struct mg_request_info *info,
                        struct handoff_client *client) {
    struct handoff *const handoffs[] = {listener->handoff, listener->relief};
    for (size_t i = 0; i < 2 && strcmp(info->remote_addr, "127.0.0.1") == 0; i++) {
        enum err error = handoff_take(handoffs[i], (uint16_t)info->remote_port, client);
        if (error != ERR_NOT_FOUND) {
            return error == ERR_OK;
        }
    }
    *client = (struct handoff_client){.fd = -1,
                                      .client = connections_client(info->remote_addr, info->remote_port),
                                      .port = (uint16_t)info->remote_port};
    snprintf(client->address, sizeof client->address, "%s", info->remote_addr);
    return listener->handoff == NULL || listener->has_both_families;
}

static void serve_connection(struct mg_connection *connection, int refusal) {
    const struct mg_request_info *info = mg_get_request_info(connection);
    const struct listener *listener = info->user_data;
    struct handoff_client client;
    if (!find_client(listener, info, &client)) {
        return;
    }
    visit_serve(mg_get_thread_pointer(connection), client.client);
    struct http_transport transport = {.connection = connection,
                                       .connections = listener->connections,
                                       .outbox = listener->outbox,
                                       .address = client.address,
                                       .port = client.port,
                                       .fd = client.fd,
                                       .bodies = listener->bodies};
    answer_connection(connection, &transport, refusal);
}

static int on_request(struct mg_connection *connection) {
    /* Without this, civetweb reads an unread body to its end before it lets the worker go, however slowly it comes. */
    mg_disable_connection_keep_alive(connection);
    serve_connection(connection, 0);
    return 1; /* whatever it was, it is answered */
}

/* civetweb refuses a request itself: malformed, too large, or timed out. */
static int on_refusal(struct mg_connection *connection, int status, const char *message) {
    (void)message; /* may hold parts of the request */
    serve_connection(connection, status);
    return 0;
}

static int on_log(const struct mg_connection *connection, const char *message) {
    (void)connection;
    log_event(LOG_LEVEL_DEBUG, NULL, "civetweb: %s", message);
    return 1;
}

/* Called in each of civetweb's threads as it starts; kind 1 is a worker. */
static void *on_thread(const struct mg_context *context, int kind) {
    struct listener *listener = mg_get_user_data(context);
    if (kind == 1) {
        lock_acquire(&listener->lock);
        listener->workers_started++;
        condition_signal(&listener->worker_started);
        lock_release(&listener->lock);
    }
    return kind == 1 ? reaper_place(listener->reaper) : NULL;
}

/* ---- Starting ---- */

/* False: the default stays as it is, which takes more memory and works. */
static bool set_default_stack(pthread_attr_t *before) {
    pthread_attr_t small;
    if (pthread_getattr_default_np(before) != 0) {
        return false;
    }
    bool is_set = pthread_getattr_default_np(&small) == 0;
    if (is_set) {
        is_set = pthread_attr_setstacksize(&small, 2 * thread_stack_min_bytes()) == 0 &&
                 pthread_setattr_default_np(&small) == 0;
        pthread_attr_destroy(&small);
    }
    if (!is_set) {
        pthread_attr_destroy(before);
    }
    return is_set;
}

/* A relief needs a port of its own, as the other has clients waiting in front of it. */
static bool can_have_relief(const struct listener *listener) {
    struct reason unused;
    return (listener->handoff == NULL || listener->has_both_families) &&
           socket_try_listen(HANDOFF_INNER_ADDRESS, 0, &unused) == ERR_OK;
}

static struct mg_context *start_civetweb(struct listener *listener) {
    char address[SOCKET_AUTHORITY_BYTES], addresses[2 * SOCKET_AUTHORITY_BYTES];
    char worker_count[16], queue_length[16];
    socket_format_authority(listener->inner.address, listener->inner.port, address);
    snprintf(addresses, sizeof addresses, "%s%s", address,
             can_have_relief(listener) ? "," HANDOFF_INNER_ADDRESS ":0" : "");
    snprintf(worker_count, sizeof worker_count, "%u", listener->settings.workers);
    snprintf(queue_length, sizeof queue_length, "%d", REAPER_QUEUE_MAX);
    const char *options[] = {
        "listening_ports",
        addresses,
        "num_threads",
        worker_count,
        "request_timeout_ms",
        "10000",
        "tcp_nodelay",
        "1",
        "enable_keep_alive",
        "no",
        "connection_queue",
        queue_length,
        "listen_backlog",
        "4096",
        "max_request_size",
        "8192",
        "access_control_allow_methods",
        "",
        "enable_auth_domain_check", /* of absolute addresses; ours is request_policy_admit() */
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
    pthread_attr_t before;
    const bool is_set = thread_stack_min_bytes() > CIVETWEB_STACK_BYTES && set_default_stack(&before);
    struct mg_context *context = mg_start(&callbacks, listener, options);
    if (is_set) {
        pthread_setattr_default_np(&before);
        pthread_attr_destroy(&before);
    }
    return context;
}

static void *wait_for_end(void *event) {
    bool is_over = event_wait_until(event, CLOCK_NEVER);
    (void)is_over; /* surely */
    return NULL;
}

/* civetweb starts as many workers as it can and says nothing of the rest, so whether there can be so many is tried
 * before, with threads that only wait. */
static bool can_start(unsigned count) {
    struct event over;
    pthread_t *threads = calloc(count, sizeof *threads);
    if (threads == NULL || event_init(&over) != ERR_OK) {
        free(threads);
        return false;
    }
    unsigned started = 0;
    while (started < count &&
           thread_start(&threads[started], "trial", CIVETWEB_STACK_BYTES, wait_for_end, &over) == ERR_OK) {
        started++;
    }
    event_set(&over);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    event_finish(&over);
    free(threads);
    return started == count;
}

/* For those that were started: they call on_thread(). */
static bool wait_for_workers(struct listener *listener) {
    int64_t deadline_ns = clock_monotonic_ns() + WORKERS_START_WITHIN_NS;
    lock_acquire(&listener->lock);
    while (listener->workers_started < listener->settings.workers &&
           condition_wait_until(&listener->worker_started, &listener->lock, deadline_ns)) {
    }
    bool all = listener->workers_started >= listener->settings.workers;
    lock_release(&listener->lock);
    return all;
}

static enum err explain_threads(const struct listener_settings *settings, struct reason *reason) {
    reason_set(reason, "cannot start %u threads to answer requests", settings->workers);
    return ERR_BUSY;
}

/* With a handoff civetweb listens on the same port of IPv4 addresses: all of them where the handoff has all of IPv6. */
static enum err create_handoff(struct listener *listener, struct reason *reason) {
    const struct listen_address *listen = &listener->settings.listen;
    enum err error = handoff_create(listen->address, listen->port, &listener->handoff, reason);
    if (error != ERR_OK) {
        return error;
    }
    listener->has_both_families = strcmp(listen->address, "::") == 0;
    listener->inner.port = handoff_port(listener->handoff);
    snprintf(listener->inner.address, sizeof listener->inner.address, "%s",
             listener->has_both_families ? "0.0.0.0" : HANDOFF_INNER_ADDRESS);
    error = socket_try_listen(listener->inner.address, listener->inner.port, reason);
    if (error != ERR_OK && !listener->has_both_families) {
        listener->inner.port = 0; /* another program has this port, on all IPv4 addresses */
        error = ERR_OK;
    }
    return error;
}

/* A free port of IPv6 may be taken in IPv4. */
static enum err create_handoff_on_free_port(struct listener *listener, struct reason *reason) {
    enum err error = ERR_BUSY;
    for (unsigned i = 0; i < FREE_PORT_TRIES && error == ERR_BUSY; i++) {
        handoff_destroy(&listener->handoff);
        error = create_handoff(listener, reason);
    }
    return error;
}

static enum err choose_addresses(struct listener *listener, struct reason *reason) {
    const struct listen_address *listen = &listener->settings.listen;
    if (socket_is_ipv6(listen->address)) {
        return listen->port == 0 ? create_handoff_on_free_port(listener, reason) : create_handoff(listener, reason);
    }
    listener->inner = *listen;
    return socket_try_listen(listen->address, listen->port, reason);
}

static void relieve(void *relief) { handoff_relieve(relief); }

static enum err start_relief(struct listener *listener, int fd, uint16_t inner_port) {
    enum err error = handoff_create_relief(fd, listener->inner.port, &listener->relief);
    if (error == ERR_OK) {
        error = handoff_start(listener->relief, inner_port, listener->connections);
    }
    if (error == ERR_OK) {
        reaper_on_silence(listener->reaper, relieve, listener->relief);
    }
    return error;
}

static enum err listen_and_answer(struct listener *listener, struct reason *reason) {
    const struct listener_settings *settings = &listener->settings;
    enum err error = choose_addresses(listener, reason);
    if (error != ERR_OK) {
        return error;
    }
    error = connections_create(settings->detached_max, &listener->connections);
    if (error == ERR_OK) {
        error = outbox_create(OUTBOX_BYTES, &listener->outbox);
    }
    if (error == ERR_OK) {
        error = quota_create(settings->workers, &listener->bodies);
    }
    if (error == ERR_OK) {
        error = reaper_create(settings->workers, settings->spare, listener->connections, &listener->reaper);
    }
    if (error != ERR_OK) {
        reason_set(reason, "cannot start the web server: %s", err_text(error));
        return error;
    }
    if (!can_start(settings->workers + 1)) { /* and the one that accepts */
        return explain_threads(settings, reason);
    }
    mg_init_library(0); /* TLS stays off: Debian's build crashes with it */
    listener->has_library = true;
    listener->context = start_civetweb(listener);
    struct mg_server_port ports[2];
    const int port_count = listener->context != NULL ? mg_get_server_ports(listener->context, 2, ports) : 0;
    if (port_count < 1) {
        reason_set(reason, "cannot start the web server on %s, port %u", listener->inner.address, listener->inner.port);
        return ERR_IO;
    }
    listener->inner.port = (uint16_t)ports[0].port;
    listener->port = listener->handoff != NULL ? handoff_port(listener->handoff) : listener->inner.port;
    const uint16_t relief_port = port_count == 2 ? (uint16_t)ports[1].port : 0;
    connections_set_ports(listener->connections, listener->port, relief_port != 0 ? relief_port : listener->inner.port);
    if (!wait_for_workers(listener)) {
        return explain_threads(settings, reason);
    }
    int fd;
    const bool is_found = socket_find_listener(listener->inner.port, &fd) == ERR_OK;
    if (is_found) {
        socket_prepare_listener(fd);
    }
    if (is_found && relief_port != 0) {
        error = start_relief(listener, fd, relief_port);
    }
    if (error == ERR_OK && listener->handoff != NULL) {
        error = handoff_start(listener->handoff, listener->inner.port, listener->connections);
    }
    return error;
}

enum err listener_start(const struct listener_settings *settings, struct listener **out, struct reason *reason) {
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    listener->settings = *settings;
    lock_init(&listener->lock);
    condition_init(&listener->worker_started);
    enum err error = listen_and_answer(listener, reason);
    if (error != ERR_OK) {
        listener_stop(&listener);
        return error;
    }
    *out = listener;
    return ERR_OK;
}

enum err listener_check(struct listener *listener, struct reason *reason) {
    uint64_t visits_before = reaper_visit_count(listener->reaper);
    enum err error = self_check(listener->settings.listen.address, listener->port, reason);
    if (error == ERR_TIMEOUT && reaper_visit_count(listener->reaper) != visits_before) {
        return ERR_OK; /* a restart would end every stream and change nothing */
    }
    return error;
}

uint16_t listener_port(const struct listener *listener) { return listener->port; }

/* ---- Stopping ---- */

/* mg_stop() waits for threads that look at its flag only every two seconds, unless something happens on their socket:
 * the acceptor, and workers whose client has not sent its request yet. So something happens, from another thread, once
 * mg_stop() has had the time to set the flag. */
static void *nudge(void *argument) {
    const struct listener *listener = argument;
    const struct timespec pause = {.tv_nsec = 20 * NS_PER_MS};
    nanosleep(&pause, NULL);
    socket_nudge_listener(listener->inner.address, listener->inner.port);
    connections_shut(listener->connections);
    return NULL;
}

void listener_stop(struct listener **listener_pointer) {
    struct listener *listener = *listener_pointer;
    *listener_pointer = NULL;
    if (listener == NULL) {
        return;
    }
    if (listener->relief != NULL) {
        reaper_on_silence(listener->reaper, NULL, NULL);
    }
    handoff_stop(listener->handoff);
    handoff_stop(listener->relief);
    if (listener->context != NULL) {
        pthread_t nudger;
        bool nudging = thread_start(&nudger, "nudge", 0, nudge, listener) == ERR_OK;
        mg_stop(listener->context);
        if (nudging) {
            pthread_join(nudger, NULL);
        }
    }
    if (listener->has_library) {
        mg_exit_library();
    }
    reaper_destroy(&listener->reaper); /* which may be calling the relief */
    handoff_destroy(&listener->relief);
    handoff_destroy(&listener->handoff);
    quota_destroy(&listener->bodies);
    outbox_destroy(&listener->outbox);
    connections_destroy(&listener->connections);
    condition_finish(&listener->worker_started);
    lock_finish(&listener->lock);
    free(listener);
}
