#include "web/server.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/cluster/requests/node_server.h"
#include "broker/frame/mailbox.h"
#include "broker/multipart/multipart_writer.h"
#include "broker/recording/playback/recording_cursor.h"
#include "web/access/slots.h"
#include "web/hooks/history_writer.h"
#include "web/hooks/hooks.h"
#include "web/http/handoff.h"
#include "web/http/router.h"
#include "web/http/socket.h"
#include "web/mqtt/mqtt.h"
#include "web/routes/dispatch.h"
#include "web/routes/route_table.h"
#include "web/routes/support/history_note.h"
#include "web/views/error_page.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Descriptors beyond one a stream: requests, the accept queue, the cameras, libraries, the monitor. */
#define OTHER_DESCRIPTORS 512u
/* Where recordings can be played: their files. */
#define PLAYBACK_DESCRIPTORS (PLAYERS_CAMERAS_MAX * RECORDING_CURSOR_FILES)
/* Of the history, which cost little. */
#define TABLES_MAX 256u
/* Its requests are short. */
#define MONITOR_WORKERS 8u

struct server {
    struct server_context context;
    struct server_settings settings;
    struct hooks *hooks;            /* NULL: none */
    struct history_writer *history; /* NULL: nothing is recorded */
    struct mqtt *mqtt;              /* NULL: none */
    struct listener *main_listener;
    struct listener *monitor; /* NULL: there is none */
    struct node_server node_server;
};

/* ---- Answering ---- */

/* A reference: the request keeps its policy when another one is applied meanwhile. */
static struct request_policy *current_policy(struct server_context *context) {
    lock_acquire(&context->lock);
    struct request_policy *policy = request_policy_ref(context->policy);
    lock_release(&context->lock);
    return policy;
}

static void answer_request(struct server_context *context, struct http_request *request, int refusal,
                           void (*handle)(struct server_context *context, const struct http_request *request)) {
    request->policy = current_policy(context);
    request->error_page = error_page_render;
    request_policy_describe(request);
    if (refusal != 0) {
        http_reply_error(request, refusal, NULL, "bad_request",
                         refusal == 413 || refusal == 414 ? "the request is too large"
                                                          : "the request is not valid HTTP");
    } else {
        handle(context, request);
    }
    request_policy_unref(&request->policy);
}

static void answer_main(void *user, struct http_request *request, int refusal) {
    struct server *server = user;
    answer_request(&server->context, request, refusal, dispatch_request);
}

static void answer_monitor(void *user, struct http_request *request, int refusal) {
    struct server *server = user;
    answer_request(&server->context, request, refusal, dispatch_monitor_request);
}

/* ---- Starting ---- */

enum err server_check_exposure(const struct server_settings *settings, const struct listen_address *listen,
                               bool has_users, struct reason *reason) {
    if (has_users || settings->allow_anonymous || socket_is_loopback(listen->address)) {
        return ERR_OK;
    }
    reason_set(
        reason,
        "without users or tokens, everyone who can reach this address would see every camera; listen on 127.0.0.1, "
        "add users, or set \"allow_anonymous\": true in \"server\"");
    return ERR_DENIED;
}

const struct frame_envelope *server_frame_envelope(void) {
    multipart_init();
    return multipart_envelope();
}

/* Without descriptors left civetweb's acceptor would spin. */
static enum err ensure_descriptors(unsigned detached_max, bool has_recordings, struct reason *reason) {
    rlim_t needed = detached_max + OTHER_DESCRIPTORS + (has_recordings ? PLAYBACK_DESCRIPTORS : 0);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return ERR_OK;
    }
    struct rlimit raised = {.rlim_cur = needed, .rlim_max = limit.rlim_max};
    if (limit.rlim_max < needed || setrlimit(RLIMIT_NOFILE, &raised) != 0) {
        reason_set(reason,
                   "this many streams need %lu file descriptors, and the limit is %lu; lower server.max_streams or "
                   "raise the limit (ulimit -n)",
                   (unsigned long)needed, (unsigned long)limit.rlim_max);
        return ERR_BUSY;
    }
    return ERR_OK;
}

static unsigned count_push_cameras(struct broker *broker) {
    unsigned count = 0;
    struct topic *topic;
    for (size_t i = 0; (topic = broker_topic_at(broker, i)) != NULL; i++) {
        count += mailbox_has_key(topic_mailbox(topic));
        topic_unref(&topic);
    }
    return count;
}

static enum err listen_and_serve(struct server *server, struct reason *reason) {
    struct listener_settings main_settings = {
        .listen = server->settings.listen,
        .workers = server->settings.request_threads,
        .spare = server->settings.request_threads / 2,
        .detached_max = server->settings.max_streams + server->settings.max_event_streams +
                        server->context.slots.pushers.max + server->settings.request_threads,
        .answer = answer_main,
        .user = server,
    };
    struct listener_settings monitor = {
        .listen = server->settings.monitor_listen,
        .workers = MONITOR_WORKERS,
        .spare = MONITOR_WORKERS / 2,
        .detached_max = MONITOR_WORKERS,
        .answer = answer_monitor,
        .user = server,
    };
    enum err error = ensure_descriptors(main_settings.detached_max + main_settings.workers,
                                        server->context.recorder != NULL, reason);
    if (error == ERR_OK) {
        error = listener_start(&main_settings, &server->main_listener, reason);
    }
    if (error == ERR_OK && monitor.listen.address[0] != '\0') {
        error = listener_start(&monitor, &server->monitor, reason);
    }
    if (error == ERR_OK && server->monitor != NULL) {
        char authority[SOCKET_AUTHORITY_BYTES];
        socket_format_authority(monitor.listen.address, listener_port(server->monitor), authority);
        log_event(LOG_LEVEL_INFO, NULL, "monitoring on http://%s/", authority);
    }
    return error;
}

/* What waits inside a request may take most of the threads together, but never all. */
static enum err create_slots(struct server_context *context, const struct server_settings *settings) {
    struct request_slots *slots = &context->slots;
    unsigned threads = settings->request_threads, event_streams = settings->max_event_streams;
    unsigned pushers_max = count_push_cameras(context->broker) + threads / 4; /* a reload may add some */
    enum err error = slots_init(&slots->event_streams, event_streams, event_streams / 4);
    if (error == ERR_OK) {
        error = slots_init(&slots->reloads, threads / 8, threads / 16);
    }
    if (error == ERR_OK) {
        error = slots_init(&slots->snapshots, threads / 8 * 3, threads / 4);
    }
    if (error == ERR_OK) {
        error = slots_init(&slots->pushers, pushers_max, PUSHERS_PER_CAMERA_MAX);
    }
    if (error == ERR_OK) {
        error = slots_init(&slots->controls, threads / 8 * 3, threads / 4);
    }
    if (error == ERR_OK) {
        error = slots_init(&slots->tables, TABLES_MAX, TABLES_MAX);
    }
    if (error == ERR_OK) {
        error = slots_init(&slots->exports, EXPORTS_MAX, EXPORTS_MAX / 2);
    }
    return error;
}

static void destroy_slots(struct server_context *context) {
    slots_finish(&context->slots.event_streams);
    slots_finish(&context->slots.reloads);
    slots_finish(&context->slots.snapshots);
    slots_finish(&context->slots.pushers);
    slots_finish(&context->slots.controls);
    slots_finish(&context->slots.tables);
    slots_finish(&context->slots.exports);
}

/* Makes the descriptor of the writers' source unreadable, until there are further events. */
static void skip_event_news(void *user) {
    struct event_log_reader *reader = user;
    struct event_log_entry entry;
    uint64_t missed;
    while (event_log_read(reader, &entry, &missed) == ERR_OK) {
    }
}

static enum err start_writers(struct server_context *context) {
    struct event_log *event_log = broker_event_log(context->broker);
    enum err error = event_log_reader_create(event_log, event_log_newest(event_log), &context->event_news);
    if (error != ERR_OK) {
        return error;
    }
    skip_event_news(context->event_news);
    const struct writers_source source = {
        .fd = event_log_reader_fd(context->event_news), .clear = skip_event_news, .user = context->event_news};
    return writers_create(&source, &context->writers);
}

/* What reads recordings, and writes the history. */
static enum err start_recordings(struct server *server) {
    struct server_context *context = &server->context;
    const char *path = recorder_path(context->recorder);
    struct frame_pool *pool = broker_frame_pool(context->broker);
    enum err error = players_create(path, pool, context->host.draw_gap, &context->players);
    if (error == ERR_OK) {
        error = history_writer_start(context->broker, context->recorder, &server->history);
    }
    authenticator_report_failures(authorization_authenticator(context->authorization), history_note_failed_login,
                                  context);
    return error;
}

static enum err prepare_context(struct server *server, struct reason *reason) {
    enum err error = router_check_table(&route_table, reason);
    if (error != ERR_OK) {
        return error;
    }
    error = authorization_create(&server->context.authorization);
    if (error != ERR_OK) {
        reason_set(reason, "cannot set up authorization: %s", err_text(error));
        return error;
    }
    randombytes_buf(server->context.viewer_key, sizeof server->context.viewer_key);
    randombytes_buf(server->context.event_key, sizeof server->context.event_key);
    server_apply(server, &server->settings);
    error = quota_create(server->settings.max_streams, &server->context.streams.quota);
    if (error == ERR_OK) {
        error = create_slots(&server->context, &server->settings);
    }
    if (error == ERR_OK) {
        error = senders_create(server->settings.senders, &server->context.senders);
    }
    if (error == ERR_OK) {
        error = start_writers(&server->context);
    }
    if (error == ERR_OK) {
        error = receivers_create(&server->context.receivers);
    }
    if (error == ERR_OK && server->context.recorder != NULL) {
        error = start_recordings(server);
    }
    if (error == ERR_OK && (server->context.recorder != NULL || server->context.cluster != NULL)) {
        const char *path = server->context.recorder != NULL ? recorder_path(server->context.recorder) : NULL;
        error = exports_create(path, broker_frame_pool(server->context.broker), &server->context.exports);
    }
    if (error != ERR_OK) {
        reason_set(reason, "cannot prepare the server: %s", err_text(error));
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
    server->context.broker = broker;
    server->context.host = settings->host;
    server->context.recorder = settings->recorder;
    server->context.cluster = settings->cluster;
    lock_init(&server->context.lock);
    mqtt_health_init(&server->context.mqtt);
    enum err error = prepare_context(server, reason);
    if (error == ERR_OK && settings->cluster != NULL) {
        server->node_server =
            (struct node_server){.broker = broker,
                                 .recordings = settings->recorder != NULL ? recorder_path(settings->recorder) : NULL,
                                 .cluster = settings->cluster,
                                 .exports = cluster_exports};
        cluster_set_server(settings->cluster, node_server_answer, &server->node_server);
    }
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

uint16_t server_port(const struct server *server) { return listener_port(server->main_listener); }

enum err server_check(struct server *server, struct reason *reason) {
    return listener_check(server->main_listener, reason);
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
        enum err error = hooks_start(settings, server->context.broker, &server->context.hooks, &server->hooks);
        if (error != ERR_OK) {
            log_event(LOG_LEVEL_ERROR, NULL, "hooks cannot be started: %s", err_text(error));
        }
    }
}

static void apply_mqtt(struct server *server, const struct mqtt_settings *settings) {
    static const struct mqtt_settings none;
    if (mqtt_settings_equal(server->mqtt != NULL ? mqtt_settings_of(server->mqtt) : &none, settings)) {
        return;
    }
    mqtt_stop(&server->mqtt);
    if (settings->url != NULL) {
        enum err error = mqtt_start(settings, server->context.broker, server->context.recorder, &server->context.mqtt,
                                    &server->mqtt);
        if (error != ERR_OK) {
            log_event(LOG_LEVEL_ERROR, NULL, "mqtt cannot be started: %s", err_text(error));
        }
    }
}

void server_apply(struct server *server, const struct server_settings *settings) {
    /* There are threads for no more streams than at the start. */
    unsigned max = server->settings.max_streams;
    unsigned streams_max = settings->max_streams < max ? settings->max_streams : max;
    atomic_store_explicit(&server->context.streams.max, streams_max, memory_order_relaxed);
    atomic_store_explicit(&server->context.streams.max_per_address, settings->max_streams_per_address,
                          memory_order_relaxed);
    atomic_store_explicit(&server->context.stream_life_ns, settings->max_stream_life_ns, memory_order_relaxed);
    lock_acquire(&server->context.lock);
    struct request_policy *before = server->context.policy;
    server->context.policy = request_policy_ref(settings->policy);
    struct arena *views_before = server->context.views.arena;
    server->context.views = settings->views;
    if (settings->views.arena != NULL) {
        arena_ref(settings->views.arena);
    }
    lock_release(&server->context.lock);
    request_policy_unref(&before);
    arena_unref(&views_before);
    authorization_set_access(server->context.authorization, settings->access);
    apply_hooks(server, &settings->hooks);
    apply_mqtt(server, &settings->mqtt);
}

void server_note_reload(struct server *server, const char *fault) {
    struct server_context *context = &server->context;
    struct event_log_entry entry = {.kind = fault != NULL ? EVENT_LOG_RELOAD_FAILED : EVENT_LOG_RELOADED};
    reason_set(&entry.reason, "%s", fault != NULL ? fault : "");
    event_log_publish(broker_event_log(context->broker), &entry);
    lock_acquire(&context->lock);
    context->reloads.count++;
    context->reloads.failed += fault != NULL;
    context->reloads.last_ns = clock_realtime_ns();
    reason_set(&context->reloads.last_fault, "%s", fault != NULL ? fault : "");
    lock_release(&context->lock);
}

/* ---- Stopping ---- */

void server_stop(struct server **server_pointer) {
    struct server *server = *server_pointer;
    *server_pointer = NULL;
    if (server == NULL) {
        return;
    }
    hooks_stop(&server->hooks);
    history_writer_stop(&server->history);
    mqtt_stop(&server->mqtt);
    if (server->context.senders != NULL) {
        senders_stop(server->context.senders);
    }
    if (server->context.writers != NULL) {
        writers_stop(server->context.writers);
    }
    lock_acquire(&server->context.lock);
    if (server->context.tables != NULL) {
        writers_stop(server->context.tables);
    }
    if (server->context.node_tables != NULL) {
        writers_stop(server->context.node_tables);
    }
    lock_release(&server->context.lock);
    if (server->context.exports != NULL) {
        exports_stop(server->context.exports);
    }
    if (server->context.receivers != NULL) {
        receivers_stop(server->context.receivers); /* they reply by a listener's outbox */
    }
    listener_stop(&server->main_listener);
    listener_stop(&server->monitor);
    senders_destroy(&server->context.senders);
    writers_destroy(&server->context.writers);
    receivers_destroy(&server->context.receivers);
    exports_destroy(&server->context.exports);
    writers_destroy(&server->context.tables);
    writers_destroy(&server->context.node_tables);
    if (server->context.cluster != NULL) {
        cluster_set_server(server->context.cluster, NULL, NULL);
    }
    catalogue_close(&server->context.tables_catalogue);
    players_destroy(&server->context.players);
    event_log_reader_destroy(&server->context.event_news);
    authorization_destroy(&server->context.authorization);
    lock_finish(&server->context.lock);
    mqtt_health_finish(&server->context.mqtt);
    request_policy_unref(&server->context.policy);
    arena_unref(&server->context.views.arena);
    destroy_slots(&server->context);
    quota_destroy(&server->context.streams.quota);
    free(server);
}
