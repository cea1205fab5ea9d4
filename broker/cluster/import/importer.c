#include "broker/cluster/import/importer.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/cluster/import/import_presence.h"
#include "broker/cluster/import/importer_private.h"
#include "broker/cluster/run_number.h"
#include "broker/topic_demand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_INTERVAL_NS NS_PER_S
#define ACK_INTERVAL_NS (20 * NS_PER_MS)
#define IN_FLIGHT_BYTES ((uint64_t)32 << 20)
#define IN_FLIGHT_MIN_BYTES ((uint64_t)1 << 20)
#define LEASE_HEAD_BYTES 160
#define LEASE_CHANNEL_BYTES 128
#define ACK_BYTES 128
/* If the thread comes so late, nobody could have answered it. */
#define LATE_NS (500 * NS_PER_MS)

/* ---- Demand ---- */

/* Returns when it may be unwanted. */
static int64_t follow_demand_of(struct importer *importer, struct import_node *node, struct import_camera *camera) {
    int64_t until_ns;
    const bool is_wanted = topic_wanted(camera->topic, &until_ns);
    if (is_wanted && camera->channel == NULL) {
        struct lease_channel wanted = {.number = 0};
        snprintf(wanted.camera, sizeof wanted.camera, "%s", camera->id);
        camera->channel = importer_open_channel(importer, node, camera, &wanted, camera->topic);
        if (node->state != CLUSTER_NODE_ONLINE) {
            importer_show_away(importer, camera->topic, node->away_reason.text);
        }
    } else if (!is_wanted && camera->channel != NULL) {
        importer_close_channel(importer, &camera->channel);
        topic_drop_frames(camera->topic);
    }
    return is_wanted ? until_ns : CLOCK_NEVER;
}

static void follow_demand(struct importer *importer, int64_t now_ns) {
    const bool changed = atomic_exchange_explicit(&importer->demand_changed, false, memory_order_relaxed);
    if (!changed && now_ns < importer->look_at_demand_ns) {
        return;
    }
    importer->look_at_demand_ns = CLOCK_NEVER;
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        for (size_t i = 0; i < node->cameras.count; i++) {
            const int64_t until_ns = follow_demand_of(importer, node, node->cameras.list[i]);
            importer->look_at_demand_ns = min_i64(importer->look_at_demand_ns, until_ns);
        }
    }
}

/* ---- Leases and acknowledgements ---- */

static uint64_t share_of_memory(struct importer *importer) {
    uint64_t watched = 0;
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        watched += node->channel_count > 0;
    }
    const uint64_t share = IN_FLIGHT_BYTES / (watched > 0 ? watched : 1);
    return share > IN_FLIGHT_MIN_BYTES ? share : IN_FLIGHT_MIN_BYTES;
}

static void send_lease(struct importer *importer, struct import_node *node, int64_t now_ns) {
    struct lease_message lease = {.number = ++node->lease_number, .sent_ns = now_ns};
    lock_acquire(&importer->lock);
    node->lease_is_due = false;
    lease.max_in_flight = share_of_memory(importer);
    lease.epoch = importer->epoch;
    lease.stream = node->stream;
    lease.received = node->received;
    struct wire_writer writer =
        importer_scratch(importer, LEASE_HEAD_BYTES + node->channel_count * LEASE_CHANNEL_BYTES);
    import_node_write_lease(node, &lease, &writer);
    lock_release(&importer->lock);
    node->was_leased = lease.channel_count > 0;
    node->lease_sent_ns = now_ns;
    char subject[LINK_SUBJECT_BYTES];
    subject_format_to(subject, "lease", node->name, importer->self);
    if (!writer.is_full) {
        enum err error = nats_link_publish(importer->link, subject, NULL, writer.bytes, writer.count);
        (void)error; /* the next one follows */
    }
}

static int64_t look_at_lease(struct importer *importer, struct import_node *node, int64_t now_ns) {
    lock_acquire(&importer->lock);
    const bool is_watched = node->channel_count > 0 && node->holds == 0;
    const bool is_due = node->lease_is_due && node->holds == 0 && (is_watched || node->was_leased);
    lock_release(&importer->lock);
    if (is_due || (is_watched && now_ns - node->lease_sent_ns >= LEASE_INTERVAL_NS)) {
        send_lease(importer, node, now_ns);
    }
    return is_watched ? add_i64(node->lease_sent_ns, LEASE_INTERVAL_NS) : CLOCK_NEVER;
}

static int64_t look_at_ack(struct importer *importer, struct import_node *node, int64_t now_ns) {
    const int64_t due_ns = add_i64(node->ack_sent_ns, ACK_INTERVAL_NS);
    struct ack_message ack = {.stream = 0};
    lock_acquire(&importer->lock);
    const bool is_due = node->ack_is_due;
    if (is_due && now_ns >= due_ns) {
        ack.epoch = importer->epoch;
        ack.stream = node->stream;
        ack.number = node->received;
        ack.waited_ns = node->waited_ns;
        node->waited_ns = 0;
        node->ack_is_due = false;
    }
    lock_release(&importer->lock);
    if (ack.stream == 0) {
        return is_due ? due_ns : CLOCK_NEVER;
    }
    uint8_t bytes[ACK_BYTES];
    struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes};
    ack_message_write(&writer, &ack);
    char subject[LINK_SUBJECT_BYTES];
    subject_format_to(subject, "ack", node->name, importer->self);
    enum err error = nats_link_publish(importer->link, subject, NULL, writer.bytes, writer.count);
    (void)error; /* the next one says more */
    node->ack_sent_ns = now_ns;
    return CLOCK_NEVER;
}

/* ---- Nodes that are away ---- */

static int64_t look_at_presence(struct importer *importer, struct import_node *node, int64_t now_ns) {
    lock_acquire(&importer->lock);
    const bool is_watched = node->channel_count > 0;
    const int64_t spoke_ns = is_watched ? node->delivered_ns : max_i64(node->heard_ns, node->delivered_ns);
    const int64_t silent_since_ns = max_i64(spoke_ns, node->grace_ns);
    const enum cluster_node_state state = node->state;
    const bool is_back = state == CLUSTER_NODE_AWAY && spoke_ns > node->away_ns;
    lock_release(&importer->lock);
    const int64_t limit_ns = is_watched ? NODE_ANSWER_NS : NODE_SILENCE_NS;
    if (is_back) {
        importer_set_online(importer, node);
    } else if (state == CLUSTER_NODE_ONLINE && now_ns - silent_since_ns >= limit_ns) {
        char why[160];
        snprintf(why, sizeof why, "node %s has not answered for %d s%s", node->name, (int)(limit_ns / NS_PER_S),
                 importer->connection == 0 ? ": there is no connection to the NATS server" : "");
        importer_set_away(importer, node, CLUSTER_NODE_AWAY, why);
    }
    return state == CLUSTER_NODE_ONLINE ? add_i64(silent_since_ns, limit_ns) : CLOCK_NEVER;
}

/* ---- The list of topics ---- */

static void set_topics(struct importer *importer) {
    struct topic **topics = calloc(importer->camera_count + 1, sizeof(struct topic *));
    struct topic_list *list = NULL;
    size_t count = 0;
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        for (size_t i = 0; topics != NULL && i < node->cameras.count; i++) {
            topics[count++] = node->cameras.list[i]->topic;
        }
    }
    if (topics != NULL && topic_list_create(topics, count, &list) == ERR_OK) {
        broker_set_topics(importer->broker, TOPICS_IMPORTED, &list);
        importer->list_has_changed = false;
    }
    free(topics);
}

/* ---- Work ---- */

static void begin_connection(struct importer *importer, uint64_t connection) {
    importer->connection = connection;
    lock_acquire(&importer->lock);
    importer->epoch = connection != 0 ? run_number() : 0;
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        node->stream = 0;
        node->received = 0;
        node->waited_ns = 0;
        node->ack_is_due = false;
        node->delays = (struct delay_filter){.minute = 0};
        node->lease_is_due = true;
        node->asked_ns = 0;
    }
    lock_release(&importer->lock);
}

static void apply_rules(struct importer *importer) {
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        struct import_cameras remaining = {.list = NULL};
        for (size_t i = 0; i < node->cameras.count; i++) {
            struct import_camera *camera = node->cameras.list[i];
            if (cluster_rules_import(importer->rules, node->name, camera->id) &&
                !import_cameras_add(&remaining, camera)) {
                import_cameras_clear(&remaining);
                return; /* no memory: all stays as it was */
            }
        }
        importer_drop_cameras(importer, node, &remaining);
        node->generation = 0; /* others may come */
    }
}

/* After a stop of the whole program, as by SIGSTOP, the others have had no chance to answer yet. */
static void forgive_lateness(struct importer *importer, int64_t now_ns, int64_t late_ns) {
    if (late_ns < LATE_NS) {
        return;
    }
    lock_acquire(&importer->lock);
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        node->grace_ns = now_ns;
    }
    lock_release(&importer->lock);
}

int64_t importer_work(struct importer *importer) {
    int64_t now_ns = clock_monotonic_ns();
    if (importer->worked_ns != 0) {
        forgive_lateness(importer, now_ns, now_ns - importer->worked_ns);
    }
    const uint64_t connection = importer->is_paused ? 0 : nats_link_connection(importer->link);
    if (connection != importer->connection) {
        begin_connection(importer, connection);
    }
    importer_take_messages(importer);
    if (atomic_exchange_explicit(&importer->rules_changed, false, memory_order_relaxed)) {
        apply_rules(importer);
    }
    if (importer->list_has_changed) {
        set_topics(importer);
    }
    follow_demand(importer, now_ns);
    int64_t next_ns = importer->look_at_demand_ns;
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        now_ns = clock_monotonic_ns();
        if (importer->connection != 0) {
            next_ns = min_i64(next_ns, look_at_ack(importer, node, now_ns));
            next_ns = min_i64(next_ns, look_at_lease(importer, node, now_ns));
            next_ns = min_i64(next_ns, importer_look_at_directory(importer, node, now_ns));
        }
        if (!importer->is_paused) {
            next_ns = min_i64(next_ns, look_at_presence(importer, node, now_ns));
        }
    }
    if (importer->list_has_changed) {
        next_ns = min_i64(next_ns, now_ns + LATE_NS / 2);
    }
    importer->worked_ns = next_ns;
    return next_ns;
}

void importer_pause(struct importer *importer, const char *why) {
    importer->is_paused = why != NULL;
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        if (why != NULL) {
            importer_set_away(importer, node, CLUSTER_NODE_AWAY, why);
        }
    }
}

void importer_note_rules(struct importer *importer) {
    atomic_store_explicit(&importer->rules_changed, true, memory_order_relaxed);
    importer->wake(importer->wake_user);
}

void importer_leave(struct importer *importer) {
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        if (node->was_leased && importer->connection != 0) {
            struct import_cameras none = {.list = NULL};
            importer_drop_cameras(importer, node, &none);
            send_lease(importer, node, clock_monotonic_ns());
        }
    }
}

/* ---- Other threads ---- */

enum err importer_create(const char *node, struct broker *broker, struct cluster_rules *rules, struct nats_link *link,
                         gap_draw *draw, void (*wake_owner)(void *user), void *user, struct importer **out) {
    struct importer *importer = calloc(1, sizeof *importer);
    if (importer == NULL) {
        return ERR_MEMORY;
    }
    snprintf(importer->self, sizeof importer->self, "%s", node);
    importer->broker = broker;
    importer->rules = rules;
    importer->link = link;
    importer->draw = draw;
    importer->wake = wake_owner;
    importer->wake_user = user;
    importer->look_at_demand_ns = CLOCK_NEVER;
    message_queue_init(&importer->messages);
    lock_init(&importer->lock);
    condition_init(&importer->idle);
    LIST_INIT(&importer->nodes);
    *out = importer;
    return ERR_OK;
}

void importer_destroy(struct importer **importer_pointer) {
    struct importer *importer = *importer_pointer;
    *importer_pointer = NULL;
    if (importer == NULL) {
        return;
    }
    while (!LIST_EMPTY(&importer->nodes)) {
        struct import_node *node = LIST_FIRST(&importer->nodes);
        struct import_cameras none = {.list = NULL};
        importer_drop_cameras(importer, node, &none);
        LIST_REMOVE(node, in_importer);
        import_node_destroy(&node);
    }
    message_queue_finish(&importer->messages);
    condition_finish(&importer->idle);
    lock_finish(&importer->lock);
    free(importer->scratch);
    free(importer);
}

bool importer_knows_node(struct importer *importer, const char *name) {
    lock_acquire(&importer->lock);
    const bool is_known = importer_find_node_locked(importer, name) != NULL;
    lock_release(&importer->lock);
    return is_known;
}

static int compare_names(const void *a, const void *b) {
    const struct cluster_node_snapshot *first = a, *second = b;
    return strcmp(first->name, second->name);
}

enum err importer_add_to_snapshot(struct importer *importer, struct cluster_snapshot *snapshot) {
    enum err error = ERR_OK;
    snapshot->malformed += atomic_load_explicit(&importer->malformed, memory_order_relaxed);
    snapshot->nodes = calloc(IMPORT_NODES_MAX, sizeof *snapshot->nodes);
    if (snapshot->nodes == NULL) {
        return ERR_MEMORY;
    }
    lock_acquire(&importer->lock);
    const struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        if (error == ERR_OK) {
            error = import_node_snapshot(node, &snapshot->nodes[snapshot->node_count++]);
        }
    }
    lock_release(&importer->lock);
    qsort(snapshot->nodes, snapshot->node_count, sizeof *snapshot->nodes, compare_names);
    return error;
}
