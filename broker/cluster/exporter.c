#include "broker/cluster/exporter.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/cluster/export_peer.h"
#include "broker/cluster/message_queue.h"
#include "broker/cluster/run_number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_NS (3 * NS_PER_S)
/* After so long what is on its way has been lost. */
#define LOST_NS (5 * NS_PER_S)
#define PEERS_MAX 256
/* Of a server that says nothing of its own. */
#define PAYLOAD_MIN_BYTES ((size_t)4 << 10)
#define ANSWER_HEAD_BYTES 64
#define REFUSAL_MAX_BYTES 256

struct exporter {
    char node[NODE_MAX_BYTES + 1];
    struct export_context context;
    struct nats_link *link;
    struct message_queue leases, acks;
    pthread_t thread;
    atomic_bool stopping, is_paused;
    _Atomic uint64_t malformed;
    struct lock lock;
    LIST_HEAD(, export_peer) peers GUARDED_BY(lock); /* only the thread changes it */
    /* The thread's: */
    unsigned peer_count;
    uint32_t last_stream;
    uint8_t *scratch; /* a message */
    size_t scratch_bytes;
};

/* ---- Sending ---- */

static bool reserve_scratch(struct exporter *exporter, size_t bytes) {
    if (bytes > exporter->scratch_bytes) {
        free(exporter->scratch);
        exporter->scratch = malloc(bytes);
        exporter->scratch_bytes = exporter->scratch != NULL ? bytes : 0;
    }
    return exporter->scratch != NULL;
}

static struct wire_writer begin_delivery(struct exporter *exporter, struct export_peer *peer, enum delivery_kind kind) {
    struct wire_writer writer = {.bytes = exporter->scratch, .capacity = exporter->scratch_bytes};
    const struct delivery_message delivery = {.kind = kind,
                                              .epoch = peer->epoch,
                                              .stream = peer->stream,
                                              .number = ++peer->number,
                                              .sent_ns = clock_monotonic_ns()};
    delivery_message_write(&writer, &delivery);
    return writer;
}

static enum err publish(struct exporter *exporter, const struct export_peer *peer, const struct wire_writer *writer) {
    char subject[LINK_SUBJECT_BYTES];
    subject_format_to(subject, "frames", peer->name, exporter->node);
    return nats_link_publish(exporter->link, subject, NULL, writer->bytes, writer->count);
}

/* In parts, where it is larger than a message may be. */
static enum err send_frame(struct exporter *exporter, struct export_channel *channel, const struct frame *frame) {
    struct export_peer *peer = channel->peer;
    const struct span payload = frame_payload(frame);
    const struct frame_info *info = frame_info(frame);
    const size_t max = max_size(nats_link_max_payload(exporter->link), PAYLOAD_MIN_BYTES) - FRAME_HEADER_BYTES;
    enum err error = reserve_scratch(exporter, FRAME_HEADER_BYTES + min_size(payload.count, max)) ? ERR_OK : ERR_MEMORY;
    for (size_t offset = 0; offset < payload.count && error == ERR_OK;) {
        const size_t count = min_size(payload.count - offset, max);
        struct wire_writer writer = begin_delivery(exporter, peer, DELIVERY_FRAME);
        const struct frame_message message = {.channel = channel->wanted.number,
                                              .total_bytes = (uint32_t)payload.count,
                                              .offset = (uint32_t)offset,
                                              .info = *info,
                                              .age_ns = clock_monotonic_ns() - info->captured_monotonic_ns};
        frame_message_write(&writer, &message);
        wire_put_bytes(&writer, payload.bytes + offset, count);
        lock_acquire(&exporter->lock);
        if (peer->window.count == FLOW_MESSAGES_MAX) {
            flow_window_forget(&peer->window);
        }
        flow_window_add(&peer->window, peer->number, writer.count, clock_monotonic_ns());
        lock_release(&exporter->lock);
        error = publish(exporter, peer, &writer);
        offset += count;
    }
    return error;
}

static void add_to(_Atomic uint64_t *count, uint64_t more) {
    atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

static void count_sent(struct export_channel *channel, const struct frame *frame, bool was_sent) {
    const uint64_t position = frame_info(frame)->position, bytes = frame_payload(frame).count;
    const uint64_t passed_over =
        channel->position != 0 && position > channel->position + 1 ? position - channel->position - 1 : 0;
    const uint64_t skipped = passed_over + !was_sent;
    channel->position = position;
    add_to(&channel->counts.skipped, skipped);
    add_to(&channel->peer->counts.skipped, skipped);
    if (was_sent) {
        add_to(&channel->counts.frames, 1);
        add_to(&channel->counts.bytes, bytes);
        add_to(&channel->peer->counts.frames, 1);
        add_to(&channel->peer->counts.bytes, bytes);
    }
}

static void serve_channel(struct exporter *exporter, struct export_channel *channel) {
    struct frame *frame = NULL;
    enum err error = subscriber_take(channel->subscriber, &frame);
    if (error == ERR_OK) {
        count_sent(channel, frame, send_frame(exporter, channel, frame) == ERR_OK);
        frame_unref(&frame);
    } else if (error == ERR_CLOSED) {
        export_channel_end(channel);
    }
}

/* Channels take turns, while the window is open. */
static void serve_peer(struct exporter *exporter, struct export_peer *peer) {
    struct export_channel *channel;
    while (flow_window_is_open(&peer->window) && (channel = TAILQ_FIRST(&peer->ready)) != NULL) {
        TAILQ_REMOVE(&peer->ready, channel, in_ready);
        channel->is_ready = false;
        serve_channel(exporter, channel);
    }
}

/* ---- Leases and acknowledgements ---- */

static void answer_lease(struct exporter *exporter, struct export_peer *peer, const struct lease_message *lease) {
    uint32_t refusals = 0;
    const struct export_channel *channel;
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        refusals += channel->refusal.text[0] != '\0';
    }
    if (!reserve_scratch(exporter, FRAME_HEADER_BYTES + ANSWER_HEAD_BYTES + refusals * REFUSAL_MAX_BYTES)) {
        return;
    }
    struct wire_writer writer = begin_delivery(exporter, peer, DELIVERY_ANSWER);
    const struct answer_message answer = {
        .lease = lease->number, .lease_sent_ns = lease->sent_ns, .refusal_count = refusals};
    answer_message_write(&writer, &answer);
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        if (channel->refusal.text[0] != '\0') {
            const struct channel_refusal refusal = {
                .channel = channel->wanted.number, .has_ended = channel->has_ended, .reason = channel->refusal};
            channel_refusal_write(&writer, &refusal);
        }
    }
    enum err error = publish(exporter, peer, &writer);
    (void)error; /* the next lease is answered too */
}

static struct export_peer *find_peer(struct exporter *exporter, const char *name) {
    struct export_peer *peer;
    LIST_FOREACH (peer, &exporter->peers, in_exporter) {
        if (strcmp(peer->name, name) == 0) {
            return peer;
        }
    }
    return NULL;
}

static void remove_peer(struct exporter *exporter, struct export_peer *peer) {
    lock_acquire(&exporter->lock);
    LIST_REMOVE(peer, in_exporter);
    lock_release(&exporter->lock);
    exporter->peer_count--;
    export_peer_destroy(&peer);
}

static struct export_peer *add_peer(struct exporter *exporter, const char *name) {
    struct export_peer *peer = exporter->peer_count < PEERS_MAX ? export_peer_create(&exporter->context, name) : NULL;
    if (peer != NULL) {
        exporter->peer_count++;
        lock_acquire(&exporter->lock);
        LIST_INSERT_HEAD(&exporter->peers, peer, in_exporter);
        lock_release(&exporter->lock);
    }
    return peer;
}

/* A gateway that has connected anew has lost what was on its way, and so has one after a new connection of ours. */
static void begin_stream(struct exporter *exporter, struct export_peer *peer, uint64_t epoch, uint64_t connection) {
    if (peer->epoch == epoch && peer->connection == connection && peer->stream != 0) {
        return;
    }
    exporter->last_stream++;
    exporter->last_stream += exporter->last_stream == 0;
    peer->stream = exporter->last_stream;
    peer->epoch = epoch;
    peer->connection = connection;
    peer->number = 0;
    lock_acquire(&exporter->lock);
    flow_window_forget(&peer->window);
    peer->window.is_starting = true;
    lock_release(&exporter->lock);
}

static void take_lease(struct exporter *exporter, const char *gateway, struct span bytes) {
    struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
    struct lease_message lease;
    const uint64_t connection = nats_link_connection(exporter->link);
    if (!lease_message_read(&reader, &lease)) {
        add_to(&exporter->malformed, 1);
        return;
    }
    struct export_peer *peer = find_peer(exporter, gateway);
    if (lease.channel_count == 0) {
        if (peer != NULL) {
            remove_peer(exporter, peer);
        }
        return;
    }
    peer = peer != NULL ? peer : add_peer(exporter, gateway);
    if (peer == NULL || connection == 0) {
        return;
    }
    begin_stream(exporter, peer, lease.epoch, connection);
    if (!export_peer_take_lease(peer, &lease, reader)) {
        add_to(&exporter->malformed, 1);
    }
    peer->leased_until_ns = clock_monotonic_ns() + LEASE_NS;
    answer_lease(exporter, peer, &lease);
}

static void take_ack(struct exporter *exporter, const char *gateway, struct span bytes) {
    struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
    struct ack_message ack;
    if (!ack_message_read(&reader, &ack)) {
        add_to(&exporter->malformed, 1);
        return;
    }
    struct export_peer *peer = find_peer(exporter, gateway);
    if (peer != NULL && peer->epoch == ack.epoch && peer->stream == ack.stream && ack.number <= peer->number) {
        lock_acquire(&exporter->lock);
        flow_window_acknowledge(&peer->window, ack.number, ack.waited_ns, clock_monotonic_ns());
        lock_release(&exporter->lock);
    }
}

static void take_all(struct exporter *exporter, struct message_queue *queue,
                     void (*take)(struct exporter *exporter, const char *gateway, struct span bytes)) {
    struct link_message *message;
    while ((message = message_queue_pop(queue)) != NULL) {
        char gateway[NODE_MAX_BYTES + 1];
        if (!subject_read_sender(link_message_subject(message), gateway)) {
            add_to(&exporter->malformed, 1);
        } else if (!atomic_load_explicit(&exporter->is_paused, memory_order_relaxed)) {
            take(exporter, gateway, link_message_bytes(message));
        }
        link_message_destroy(&message);
    }
}

/* ---- The thread ---- */

static void take_news(struct inbox *inbox) {
    struct subscriber *subscriber;
    inbox_begin(inbox);
    while ((subscriber = inbox_next(inbox)) != NULL) {
        export_channel_mark_ready(subscriber_user(subscriber));
    }
}

/* Removes gateways whose leases have ended. Returns when to look again. */
static int64_t look_at_peers(struct exporter *exporter) {
    const int64_t now_ns = clock_monotonic_ns();
    const bool is_paused = atomic_load_explicit(&exporter->is_paused, memory_order_relaxed);
    int64_t next_ns = CLOCK_NEVER;
    struct export_peer *peer = LIST_FIRST(&exporter->peers);
    for (struct export_peer *next; peer != NULL; peer = next) {
        next = LIST_NEXT(peer, in_exporter);
        if (is_paused || now_ns >= peer->leased_until_ns) {
            remove_peer(exporter, peer);
            continue;
        }
        const int64_t oldest_ns = flow_window_oldest_ns(&peer->window);
        if (oldest_ns < now_ns - LOST_NS) {
            lock_acquire(&exporter->lock);
            flow_window_forget(&peer->window);
            lock_release(&exporter->lock);
        }
        serve_peer(exporter, peer);
        next_ns = min_i64(next_ns, peer->leased_until_ns);
    }
    return next_ns;
}

static void *run(void *argument) {
    struct exporter *exporter = argument;
    struct event news = {.fd = inbox_fd(exporter->context.inbox)};
    int64_t next_ns = CLOCK_NEVER;
    while (!atomic_load_explicit(&exporter->stopping, memory_order_relaxed)) {
        bool has_news = event_wait_until(&news, next_ns);
        (void)has_news;
        take_news(exporter->context.inbox);
        take_all(exporter, &exporter->acks, take_ack);
        take_all(exporter, &exporter->leases, take_lease);
        next_ns = look_at_peers(exporter);
    }
    while (!LIST_EMPTY(&exporter->peers)) {
        remove_peer(exporter, LIST_FIRST(&exporter->peers));
    }
    return NULL;
}

/* ---- Other threads ---- */

enum err exporter_create(const char *node, struct broker *broker, struct players *players, struct cluster_rules *rules,
                         struct nats_link *link, struct exporter **out) {
    struct exporter *exporter = calloc(1, sizeof *exporter);
    if (exporter == NULL) {
        return ERR_MEMORY;
    }
    snprintf(exporter->node, sizeof exporter->node, "%s", node);
    lock_init(&exporter->lock);
    message_queue_init(&exporter->leases);
    message_queue_init(&exporter->acks);
    exporter->context =
        (struct export_context){.broker = broker, .rules = rules, .players = players, .lock = &exporter->lock};
    exporter->link = link;
    /* A stream of an earlier run has another number. */
    exporter->last_stream = (uint32_t)run_number();
    LIST_INIT(&exporter->peers);
    enum err error = inbox_create(&exporter->context.inbox);
    if (error == ERR_OK) {
        error = thread_start(&exporter->thread, "cluster export", 0, run, exporter);
    }
    if (error != ERR_OK) {
        inbox_destroy(&exporter->context.inbox);
        message_queue_finish(&exporter->leases);
        message_queue_finish(&exporter->acks);
        lock_finish(&exporter->lock);
        free(exporter);
        return error;
    }
    *out = exporter;
    return ERR_OK;
}

void exporter_destroy(struct exporter **exporter_pointer) {
    struct exporter *exporter = *exporter_pointer;
    *exporter_pointer = NULL;
    if (exporter == NULL) {
        return;
    }
    atomic_store_explicit(&exporter->stopping, true, memory_order_relaxed);
    inbox_wake(exporter->context.inbox);
    pthread_join(exporter->thread, NULL);
    inbox_destroy(&exporter->context.inbox);
    message_queue_finish(&exporter->leases);
    message_queue_finish(&exporter->acks);
    lock_finish(&exporter->lock);
    free(exporter->scratch);
    free(exporter);
}

void exporter_take_lease(void *user, struct link_message **message) {
    struct exporter *exporter = user;
    message_queue_push(&exporter->leases, message);
    inbox_wake(exporter->context.inbox);
}

void exporter_take_ack(void *user, struct link_message **message) {
    struct exporter *exporter = user;
    message_queue_push(&exporter->acks, message);
    inbox_wake(exporter->context.inbox);
}

void exporter_pause(struct exporter *exporter, bool paused) {
    atomic_store_explicit(&exporter->is_paused, paused, memory_order_relaxed);
    inbox_wake(exporter->context.inbox);
}

enum err exporter_add_to_snapshot(struct exporter *exporter, struct cluster_snapshot *snapshot) {
    enum err error = ERR_OK;
    snapshot->malformed += atomic_load_explicit(&exporter->malformed, memory_order_relaxed);
    snapshot->gateways = calloc(PEERS_MAX, sizeof *snapshot->gateways);
    if (snapshot->gateways == NULL) {
        return ERR_MEMORY;
    }
    lock_acquire(&exporter->lock);
    const struct export_peer *peer;
    LIST_FOREACH (peer, &exporter->peers, in_exporter) {
        error = error == ERR_OK ? export_peer_snapshot(peer, &snapshot->gateways[snapshot->gateway_count++]) : error;
    }
    lock_release(&exporter->lock);
    return error;
}
