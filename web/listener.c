#define _DEFAULT_SOURCE
#include "web/listener.h"

#include "broker/clock.h"
#include "broker/log.h"
#include "broker/sync.h"
#include "web/door.h"
#include "web/self_check.h"
#include "web/socket.h"

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORKERS_START_WITHIN_NS (5 * NS_PER_S)

struct listener {
    struct listener_settings settings;
    struct door *door;
    bool has_library; /* mg_init_library() has been called */
    struct mg_context *context;
    uint16_t port;
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

static void answer(struct mg_connection *connection, int refusal) {
    const struct listener *listener = mg_get_request_info(connection)->user_data;
    struct http_request request;
    http_request_init(&request, connection);
    listener->settings.answer(listener->settings.user, &request, refusal);
}

static int on_request(struct mg_connection *connection) {
    const struct mg_request_info *info = mg_get_request_info(connection);
    visit_serve(mg_get_thread_pointer(connection), socket_client(info->remote_addr, info->remote_port));
    /* Without this, civetweb reads an unread body to its end before it lets the worker go, however slowly it comes. */
    mg_disable_connection_keep_alive(connection);
    answer(connection, 0);
    return 1; /* whatever it was, it is answered */
}

/* civetweb refuses a request itself: malformed, too large, or timed out. */
static int on_refusal(struct mg_connection *connection, int status, const char *message) {
    (void)message; /* may hold parts of the request */
    answer(connection, status);
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
    return kind == 1 ? door_place(listener->door) : NULL;
}

/* ---- Starting ---- */

enum err listen_address_parse(const char *text, struct listen_address *listen, struct reason *reason) {
    const char *colon = strrchr(text, ':');
    const char *port_text = colon != NULL ? colon + 1 : text;
    char *end;
    long port = strtol(port_text, &end, 10);
    char address[sizeof listen->address] = "127.0.0.1";
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
    memcpy(listen->address, address, sizeof address);
    listen->port = (uint16_t)port;
    return ERR_OK;
}

static struct mg_context *start_civetweb(struct listener *listener) {
    char address[96];
    char worker_count[16];
    snprintf(address, sizeof address, "%s:%u", listener->settings.listen.address, listener->settings.listen.port);
    snprintf(worker_count, sizeof worker_count, "%u", listener->settings.workers);
    const char *options[] = {
        "listening_ports",
        address,
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
    return mg_start(&callbacks, listener, options);
}

/* civetweb starts as many workers as it can and says nothing of the rest. */
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

static enum err listen_and_answer(struct listener *listener, struct reason *reason) {
    const struct listener_settings *settings = &listener->settings;
    enum err error = socket_try_listen(settings->listen.address, settings->listen.port, reason);
    if (error != ERR_OK) {
        return error;
    }
    error = door_create(settings->workers, settings->spare, &listener->door);
    if (error != ERR_OK) {
        reason_set(reason, "cannot start the web server: %s", err_text(error));
        return error;
    }
    mg_init_library(0); /* TLS stays off: Debian's build crashes with it */
    listener->has_library = true;
    listener->context = start_civetweb(listener);
    struct mg_server_port port;
    if (listener->context == NULL || mg_get_server_ports(listener->context, 1, &port) != 1) {
        reason_set(reason, "cannot start the web server on %s:%u", settings->listen.address, settings->listen.port);
        return ERR_IO;
    }
    listener->port = (uint16_t)port.port;
    door_set_port(listener->door, listener->port);
    if (!wait_for_workers(listener)) {
        reason_set(reason,
                   "cannot start %u threads to answer requests; lower server.max_streams or raise the limit of threads "
                   "(ulimit -u)",
                   settings->workers);
        return ERR_BUSY;
    }
    int fd;
    if (socket_find_listener(listener->port, &fd) == ERR_OK) {
        socket_prepare_listener(fd);
    }
    return ERR_OK;
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
    uint64_t visits_before = door_visit_count(listener->door);
    enum err error = self_check(listener->settings.listen.address, listener->port, reason);
    if (error == ERR_TIMEOUT && door_visit_count(listener->door) != visits_before) {
        return ERR_OK; /* to start anew would cost every stream, and help nobody */
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
    socket_nudge_listener(listener->settings.listen.address, listener->port);
    socket_shut_connections(listener->port);
    return NULL;
}

void listener_stop(struct listener **listener_pointer) {
    struct listener *listener = *listener_pointer;
    *listener_pointer = NULL;
    if (listener == NULL) {
        return;
    }
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
    door_destroy(&listener->door);
    condition_finish(&listener->worker_started);
    lock_finish(&listener->lock);
    free(listener);
}
