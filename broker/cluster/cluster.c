#include "broker/cluster/cluster.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "broker/cluster/directory.h"
#include "broker/cluster/exporter.h"
#include "broker/cluster/import/import_delivery.h"
#include "broker/cluster/import/import_playback.h"
#include "broker/cluster/import/import_presence.h"
#include "broker/cluster/import/importer.h"
#include "broker/cluster/message_queue.h"
#include "broker/cluster/presence.h"
#include "broker/cluster/request_server.h"
#include "broker/cluster/run_number.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_NS (2 * NS_PER_S)
#define IDENTITY_NS (500 * NS_PER_MS)
#define STOP_NS NS_PER_S
/* A node of the same name that is silent for so long is gone. */
#define NAME_IN_USE_NS (16 * NS_PER_S)
#define CONFIRM_INTERVAL_NS (5 * NS_PER_S)

struct cluster {
    char node[NODE_MAX_BYTES + 1];
    uint64_t epoch; /* of this run */
    int64_t started_realtime_ns;
    struct broker *broker;
    struct cluster_rules rules;
    struct nats_link *link;
    struct directory *directory;
    struct players *players; /* NULL: nothing is recorded */
    struct exporter *exporter;
    struct importer *importer;
    struct request_server *requests;
    struct presence *presence;
    struct message_queue namesakes; /* beacons of nodes of the same name */
    struct event wake;
    atomic_bool is_awake; /* the event is set */
    atomic_bool stopping;
    pthread_t thread;
    struct lock lock;
    struct condition changed;
    bool is_settled GUARDED_BY(lock);   /* connected and looked for namesakes, or failed */
    bool is_finished GUARDED_BY(lock);  /* the thread */
    bool is_abandoned GUARDED_BY(lock); /* it may touch nothing else */
    bool name_is_in_use GUARDED_BY(lock);
    int64_t name_since_realtime_ns GUARDED_BY(lock);
    /* The thread's: */
    bool is_subscribed;
    uint64_t connection;
    int64_t name_in_use_until_ns;
    int64_t confirm_again_ns; /* a namesake's beacon is not followed up before */
};

/* ---- Helpers ---- */

static void wake(void *user) {
    struct cluster *cluster = user;
    if (!atomic_exchange_explicit(&cluster->is_awake, true, memory_order_acq_rel)) {
        event_set(&cluster->wake);
    }
}

static void settle(struct cluster *cluster) {
    lock_acquire(&cluster->lock);
    cluster->is_settled = true;
    condition_broadcast(&cluster->changed);
    lock_release(&cluster->lock);
}

/* ---- Nodes of the same name ---- */

static void set_name_in_use(struct cluster *cluster, bool in_use) {
    lock_acquire(&cluster->lock);
    const bool changed = cluster->name_is_in_use != in_use;
    cluster->name_is_in_use = in_use;
    if (changed) {
        cluster->name_since_realtime_ns = clock_realtime_ns();
    }
    lock_release(&cluster->lock);
    if (!changed) {
        return;
    }
    char why[160];
    snprintf(why, sizeof why, "another server is node \"%s\" of the cluster", cluster->node);
    exporter_pause(cluster->exporter, in_use);
    request_server_pause(cluster->requests, in_use);
    importer_pause(cluster->importer, in_use ? why : NULL);
    if (in_use) {
        log_event(LOG_LEVEL_ERROR, NULL, "cluster: %s: give one of them another \"node\"", why);
    } else {
        presence_set_due(cluster->presence);
    }
}

static bool is_older(const struct cluster *cluster, const struct beacon_message *other) {
    return other->started_realtime_ns != cluster->started_realtime_ns
               ? other->started_realtime_ns < cluster->started_realtime_ns
               : other->epoch < cluster->epoch;
}

static bool name_is_in_use(struct cluster *cluster) {
    lock_acquire(&cluster->lock);
    const bool in_use = cluster->name_is_in_use;
    lock_release(&cluster->lock);
    return in_use;
}

/* Another node of the name has answered, or sends beacons on. */
static void yield_name(struct cluster *cluster) {
    cluster->name_in_use_until_ns = clock_monotonic_ns() + NAME_IN_USE_NS;
    set_name_in_use(cluster, true);
}

/* Asks the node that a beacon seems to come from, as a beacon may be damaged or forged; a flood of them costs one
 * request in CONFIRM_INTERVAL_NS. */
static bool confirm_namesake(struct cluster *cluster) {
    struct beacon_message other;
    const int64_t now_ns = clock_monotonic_ns();
    if (now_ns < cluster->confirm_again_ns) {
        return false;
    }
    cluster->confirm_again_ns = now_ns + CONFIRM_INTERVAL_NS;
    return request_identity(cluster->link, cluster->node, IDENTITY_NS, &other) == ERR_OK && is_older(cluster, &other);
}

static void take_namesake(struct cluster *cluster, const struct beacon_message *other) {
    if (other->epoch == cluster->epoch) {
        return;
    }
    if (other->is_leaving) {
        cluster->name_in_use_until_ns = clock_monotonic_ns();
    } else if (!is_older(cluster, other)) {
        presence_set_due_soon(cluster->presence);
    } else if (name_is_in_use(cluster) || confirm_namesake(cluster)) {
        yield_name(cluster);
    }
}

static int64_t look_at_namesakes(struct cluster *cluster, int64_t now_ns) {
    struct link_message *message;
    while ((message = message_queue_pop(&cluster->namesakes)) != NULL) {
        const struct span bytes = link_message_bytes(message);
        struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
        struct beacon_message other;
        if (beacon_message_read(&reader, &other)) {
            take_namesake(cluster, &other);
        }
        link_message_destroy(&message);
    }
    const bool in_use = name_is_in_use(cluster);
    if (in_use && now_ns >= cluster->name_in_use_until_ns) {
        set_name_in_use(cluster, false);
        return CLOCK_NEVER;
    }
    return in_use ? cluster->name_in_use_until_ns : CLOCK_NEVER;
}

static void take_beacon(void *user, struct link_message **message) {
    struct cluster *cluster = user;
    const char *dot = strrchr(link_message_subject(*message), '.');
    if (dot != NULL && strcmp(dot + 1, cluster->node) == 0) {
        message_queue_push(&cluster->namesakes, message);
        wake(cluster);
        return;
    }
    const struct span bytes = link_message_bytes(*message);
    struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
    struct beacon_message other;
    if (beacon_message_read(&reader, &other) && other.is_new) {
        presence_note_stranger(cluster->presence);
    }
    importer_take_message(cluster->importer, message);
}

/* ---- The connection ---- */

static void subscribe(struct cluster *cluster) {
    char inbox[LINK_SUBJECT_BYTES];
    snprintf(inbox, sizeof inbox, "%s.directory.*", cluster->node);
    char any_sender[LINK_SUBJECT_BYTES];
    snprintf(any_sender, sizeof any_sender, "%s.*", cluster->node);
    const struct {
        const char *kind, *name;
        link_handler *handle;
        void *user;
    } subscriptions[] = {
        {"node", "*", take_beacon, cluster},
        {"events", "*", importer_take_message, cluster->importer},
        {"inbox", inbox, importer_take_message, cluster->importer},
        {"frames", any_sender, importer_take_delivery, cluster->importer},
        {"lease", any_sender, exporter_take_lease, cluster->exporter},
        {"ack", any_sender, exporter_take_ack, cluster->exporter},
        {"request", any_sender, request_server_take, cluster->requests},
    };
    for (size_t i = 0; i < sizeof subscriptions / sizeof subscriptions[0]; i++) {
        char subject[LINK_SUBJECT_BYTES];
        subject_format(subject, subscriptions[i].kind, subscriptions[i].name);
        enum err error = nats_link_subscribe(cluster->link, subject, subscriptions[i].handle, subscriptions[i].user);
        if (error != ERR_OK) {
            log_event(LOG_LEVEL_ERROR, NULL, "cluster: cannot subscribe to %s: %s", subject, err_text(error));
        }
    }
    cluster->is_subscribed = true;
}

/* On the first connection another node of the name is looked for before anything is subscribed to. */
static void begin_connection(struct cluster *cluster) {
    struct beacon_message other;
    if (!cluster->is_subscribed) {
        if (request_identity(cluster->link, cluster->node, IDENTITY_NS, &other) == ERR_OK &&
            is_older(cluster, &other)) {
            yield_name(cluster);
        }
        settle(cluster);
        subscribe(cluster);
    }
    presence_begin_connection(cluster->presence);
}

static int64_t work(struct cluster *cluster) {
    int64_t next_ns = nats_link_work(cluster->link);
    const uint64_t connection = nats_link_connection(cluster->link);
    if (connection != cluster->connection && connection != 0) {
        begin_connection(cluster);
    }
    cluster->connection = connection;
    if (atomic_load_explicit(&cluster->stopping, memory_order_relaxed)) {
        return 0;
    }
    const int64_t now_ns = clock_monotonic_ns();
    next_ns = min_i64(next_ns, look_at_namesakes(cluster, now_ns));
    const bool may_send = connection != 0 && !name_is_in_use(cluster);
    if (!presence_follow_events(cluster->presence, may_send)) {
        /* The broker ends: what waits for an answer is not to wait any longer. */
        atomic_store_explicit(&cluster->stopping, true, memory_order_relaxed);
    }
    if (may_send) {
        next_ns = min_i64(next_ns, presence_work(cluster->presence, now_ns));
    }
    return min_i64(next_ns, importer_work(cluster->importer));
}

static void wait_for_news(struct cluster *cluster, int64_t until_ns) {
    struct pollfd polled[] = {
        {.fd = cluster->wake.fd, .events = POLLIN},
        {.fd = presence_events_fd(cluster->presence), .events = POLLIN},
    };
    (void)poll(polled, 2, clock_poll_timeout_ms(until_ns));
    event_clear(&cluster->wake);
    atomic_exchange_explicit(&cluster->is_awake, false, memory_order_acq_rel);
}

static void *run(void *argument) {
    struct cluster *cluster = argument;
    while (!atomic_load_explicit(&cluster->stopping, memory_order_relaxed)) {
        wait_for_news(cluster, work(cluster));
    }
    lock_acquire(&cluster->lock);
    const bool takes_leave = cluster->is_subscribed && !cluster->name_is_in_use && !cluster->is_abandoned;
    lock_release(&cluster->lock);
    if (takes_leave) {
        importer_leave(cluster->importer);
        presence_leave(cluster->presence);
    }
    nats_link_close(cluster->link);
    lock_acquire(&cluster->lock);
    cluster->is_finished = true;
    condition_broadcast(&cluster->changed);
    lock_release(&cluster->lock);
    return NULL;
}

/* ---- Starting and stopping ---- */

static void destroy(struct cluster *cluster) {
    exporter_destroy(&cluster->exporter);
    importer_destroy(&cluster->importer);
    request_server_destroy(&cluster->requests);
    players_destroy(&cluster->players);
    presence_destroy(&cluster->presence);
    directory_destroy(&cluster->directory);
    nats_link_destroy(&cluster->link);
    message_queue_finish(&cluster->namesakes);
    event_finish(&cluster->wake);
    condition_finish(&cluster->changed);
    lock_finish(&cluster->lock);
    cluster_rules_finish(&cluster->rules);
    free(cluster);
}

static struct cluster *create(const struct cluster_settings *settings, struct broker *broker) {
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (cluster == NULL) {
        return NULL;
    }
    snprintf(cluster->node, sizeof cluster->node, "%s", settings->node);
    cluster->broker = broker;
    cluster->started_realtime_ns = clock_realtime_ns();
    cluster->wake.fd = -1;
    cluster->epoch = run_number();
    lock_init(&cluster->lock);
    condition_init(&cluster->changed);
    message_queue_init(&cluster->namesakes);
    cluster_rules_init(&cluster->rules, settings);
    return cluster;
}

static enum err create_parts(struct cluster *cluster, struct recorder *recorder, gap_draw *draw_gap) {
    enum err error = event_init(&cluster->wake);
    if (error == ERR_OK && recorder != NULL) {
        error =
            players_create(recorder_path(recorder), broker_frame_pool(cluster->broker), draw_gap, &cluster->players);
    }
    if (error == ERR_OK) {
        error = directory_create(cluster->broker, &cluster->rules, cluster->epoch, &cluster->directory);
    }
    if (error == ERR_OK) {
        const struct presence_settings settings = {.node = cluster->node,
                                                   .epoch = cluster->epoch,
                                                   .started_realtime_ns = cluster->started_realtime_ns,
                                                   .broker = cluster->broker,
                                                   .rules = &cluster->rules,
                                                   .directory = cluster->directory,
                                                   .link = cluster->link};
        error = presence_create(&settings, &cluster->presence);
    }
    if (error == ERR_OK) {
        error =
            request_server_create(cluster->directory, cluster->started_realtime_ns, cluster->link, &cluster->requests);
    }
    if (error == ERR_OK) {
        error = importer_create(cluster->node, cluster->broker, &cluster->rules, cluster->link, draw_gap, wake, cluster,
                                &cluster->importer);
    }
    if (error == ERR_OK) {
        error = exporter_create(cluster->node, cluster->broker, cluster->players, &cluster->rules, cluster->link,
                                &cluster->exporter);
    }
    return error;
}

/* ERR_BUSY: there is a node of that name. */
static enum err wait_until_settled(struct cluster *cluster, struct reason *reason) {
    const int64_t deadline_ns = clock_monotonic_ns() + START_NS;
    lock_acquire(&cluster->lock);
    bool in_time = true;
    while (!cluster->is_settled && in_time) {
        in_time = condition_wait_until(&cluster->changed, &cluster->lock, deadline_ns);
    }
    const bool in_use = cluster->name_is_in_use;
    lock_release(&cluster->lock);
    if (in_use) {
        reason_set(reason, "another server is node \"%s\" of this cluster already: give one of them another \"node\"",
                   cluster->node);
    }
    return in_use ? ERR_BUSY : ERR_OK;
}

enum err cluster_start(const struct cluster_settings *settings, struct broker *broker, struct recorder *recorder,
                       gap_draw *draw_gap, struct cluster **out, struct reason *reason) {
    struct cluster *cluster = create(settings, broker);
    if (cluster == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    enum err error = nats_link_create(settings, wake, cluster, &cluster->link, reason);
    if (error == ERR_OK) {
        error = create_parts(cluster, recorder, draw_gap);
        if (error == ERR_OK) {
            error = thread_start(&cluster->thread, "cluster", 0, run, cluster);
        }
        if (error != ERR_OK) {
            reason_set(reason, "the cluster cannot start: %s", err_text(error));
        }
    }
    if (error != ERR_OK) {
        destroy(cluster);
        return error;
    }
    error = wait_until_settled(cluster, reason);
    if (error != ERR_OK) {
        cluster_stop(&cluster);
        return error;
    }
    *out = cluster;
    return ERR_OK;
}

void cluster_apply(struct cluster *cluster, const struct cluster_settings *settings) {
    cluster_rules_set(&cluster->rules, settings);
    presence_note_change(cluster->presence);
    importer_note_rules(cluster->importer);
}

void cluster_stop(struct cluster **cluster_pointer) {
    struct cluster *cluster = *cluster_pointer;
    *cluster_pointer = NULL;
    if (cluster == NULL) {
        return;
    }
    atomic_store_explicit(&cluster->stopping, true, memory_order_relaxed);
    wake(cluster);
    const int64_t deadline_ns = clock_monotonic_ns() + STOP_NS;
    lock_acquire(&cluster->lock);
    bool in_time = true;
    while (!cluster->is_finished && in_time) {
        in_time = condition_wait_until(&cluster->changed, &cluster->lock, deadline_ns);
    }
    cluster->is_abandoned = !cluster->is_finished;
    const bool is_abandoned = cluster->is_abandoned;
    lock_release(&cluster->lock);
    if (is_abandoned) {
        /* A name server or a NATS server does not answer: the thread is left to itself, with its memory. */
        pthread_detach(cluster->thread);
        exporter_destroy(&cluster->exporter);
        request_server_destroy(&cluster->requests);
        return;
    }
    pthread_join(cluster->thread, NULL);
    destroy(cluster);
}

/* ---- Other threads ---- */

bool cluster_exports(struct cluster *cluster, const char *camera) {
    return cluster_rules_export(&cluster->rules, camera);
}

bool cluster_knows_node(struct cluster *cluster, const char *node) {
    return importer_knows_node(cluster->importer, node);
}

enum err cluster_request(struct cluster *cluster, const char *node, const void *request, size_t count,
                         int64_t timeout_ns, struct cluster_answer *answer, struct reason *reason) {
    if (!importer_knows_node(cluster->importer, node)) {
        reason_set(reason, "no node \"%s\" is known here", node);
        return ERR_NOT_FOUND;
    }
    return request_send(cluster->link, cluster->node, node, request, count, timeout_ns, answer, reason);
}

void cluster_set_server(struct cluster *cluster, cluster_serve *serve, void *user) {
    request_server_set(cluster->requests, serve, user);
}

enum err cluster_playback_begin(struct cluster *cluster, const struct playback_settings *settings,
                                struct cluster_playback **playback) {
    return importer_begin_playback(cluster->importer, settings, playback);
}

void cluster_playback_end(struct cluster_playback **playback) { importer_end_playback(playback); }

enum err cluster_take_snapshot(struct cluster *cluster, struct cluster_snapshot *snapshot) {
    struct nats_link_status link;
    nats_link_status(cluster->link, &link);
    *snapshot = (struct cluster_snapshot){.state = link.state,
                                          .since_realtime_ns = link.since_realtime_ns,
                                          .error = link.error,
                                          .exported = directory_count(cluster->directory),
                                          .reconnects = link.reconnects};
    memcpy(snapshot->node, cluster->node, sizeof snapshot->node);
    memcpy(snapshot->server, link.server, sizeof snapshot->server);
    lock_acquire(&cluster->lock);
    if (cluster->name_is_in_use) {
        snapshot->state = CLUSTER_NAME_IN_USE;
        snapshot->since_realtime_ns = cluster->name_since_realtime_ns;
        reason_set(&snapshot->error, "another server is node \"%s\" of the cluster: give one of them another \"node\"",
                   cluster->node);
    }
    lock_release(&cluster->lock);
    enum err error = importer_add_to_snapshot(cluster->importer, snapshot);
    if (error == ERR_OK) {
        error = exporter_add_to_snapshot(cluster->exporter, snapshot);
    }
    if (error != ERR_OK) {
        cluster_snapshot_finish(snapshot);
    }
    return error;
}
