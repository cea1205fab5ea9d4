#include "web/server.h"

#include "broker/clock.h"
#include "broker/log.h"
#include "web/handlers.h"
#include "web/hooks.h"
#include "web/multipart.h"
#include "web/socket.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Descriptors beyond one a worker: the accept queue, the cameras, libraries, the monitor. */
#define DESCRIPTORS_IN_RESERVE 512u
/* Enough for those who look after the server, whose requests are short. */
#define MONITOR_WORKERS 8u

struct server {
    struct site site;
    struct server_settings settings;
    struct hooks *hooks; /* NULL: none */
    struct listener *everybody;
    struct listener *monitor; /* NULL: there is none */
};

/* ---- Answering ---- */

/* A reference, under which a request is answered whatever is applied meanwhile. */
static struct edge *site_edge(struct site *site) {
    lock_acquire(&site->lock);
    struct edge *edge = edge_ref(site->edge);
    lock_release(&site->lock);
    return edge;
}

static void answer(struct site *site, struct http_request *request, int refusal,
                   void (*handle)(struct site *site, const struct http_request *request)) {
    request->edge = site_edge(site);
    edge_describe(request);
    if (refusal != 0) {
        http_reply_error(request, refusal, NULL, "bad_request",
                         refusal == 413 || refusal == 414 ? "the request is too large"
                                                          : "the request is not valid HTTP");
    } else {
        handle(site, request);
    }
    edge_unref(&request->edge);
}

static void answer_everybody(void *user, struct http_request *request, int refusal) {
    struct server *server = user;
    answer(&server->site, request, refusal, handle_request);
}

static void answer_monitor(void *user, struct http_request *request, int refusal) {
    struct server *server = user;
    answer(&server->site, request, refusal, handle_monitoring);
}

/* ---- Starting ---- */

enum err server_check_exposure(const struct server_settings *settings, const struct listen_address *listen,
                               bool has_users, struct reason *reason) {
    if (has_users || settings->allow_anonymous || socket_is_loopback(listen->address)) {
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
    struct listener_settings everybody = {
        .listen = server->settings.listen,
        .workers = server->settings.max_streams + pushers + EVENT_STREAMS_MAX + WORKERS_IN_RESERVE,
        .spare = WORKERS_IN_RESERVE / 2,
        .answer = answer_everybody,
        .user = server,
    };
    struct listener_settings monitor = {
        .listen = server->settings.monitor_listen,
        .workers = MONITOR_WORKERS,
        .spare = MONITOR_WORKERS / 2,
        .answer = answer_monitor,
        .user = server,
    };
    enum err error = check_descriptor_limit(everybody.workers, reason);
    if (error == ERR_OK) {
        error = listener_start(&everybody, &server->everybody, reason);
    }
    if (error == ERR_OK && monitor.listen.address[0] != '\0') {
        error = listener_start(&monitor, &server->monitor, reason);
    }
    if (error == ERR_OK && server->monitor != NULL) {
        log_event(LOG_LEVEL_INFO, NULL, "monitoring on http://%s:%u/", monitor.listen.address,
                  listener_port(server->monitor));
    }
    return error;
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
        error = admission_create(EVENT_STREAMS_MAX, &server->site.event_admission);
    }
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

uint16_t server_port(const struct server *server) { return listener_port(server->everybody); }

enum err server_check(struct server *server, struct reason *reason) {
    return listener_check(server->everybody, reason);
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
        enum err error = hooks_start(settings, server->site.broker, &server->site.hooks, &server->hooks);
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
    listener_stop(&server->everybody);
    listener_stop(&server->monitor);
    senders_destroy(&server->site.senders);
    gate_destroy(&server->site.gate);
    lock_finish(&server->site.lock);
    edge_unref(&server->site.edge);
    admission_destroy(&server->site.event_admission);
    admission_destroy(&server->site.admission);
    free(server);
}
