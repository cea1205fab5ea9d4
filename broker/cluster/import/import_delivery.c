#include "broker/cluster/import/import_delivery.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

/* Notes the number of the message. False: it is of an earlier connection, or has been here. */
static bool note_delivery_locked(struct importer *importer, struct import_node *node,
                                 const struct delivery_message *delivery, int64_t now_ns, int64_t *waited_ns)
    REQUIRES(&importer->lock) {
    if (delivery->epoch != importer->epoch) {
        return false;
    }
    if (delivery->stream != node->stream) {
        node->stream = delivery->stream;
        node->received = 0;
        node->delays = (struct delay_filter){.minute = 0}; /* perhaps another clock */
    }
    if (delivery->number <= node->received) {
        return false;
    }
    node->lost = add_count(node->lost, delivery->number - node->received - 1);
    node->received = delivery->number;
    node->delivered_ns = now_ns;
    *waited_ns = delay_filter_add(&node->delays, delivery->sent_ns, now_ns);
    node->waited_ns = max_i64(node->waited_ns, *waited_ns);
    return true;
}

/* The channel of the frame, which then cannot be closed until end_publishing(). NULL: there is none, or the node was
 * stopped, which may be known before its last frames are here. */
static struct import_channel *begin_publishing_locked(struct import_node *node, uint32_t number) {
    struct import_channel *channel = import_node_find_channel(node, number);
    if (channel == NULL || node->state == CLUSTER_NODE_STOPPED) {
        return NULL;
    }
    channel->is_publishing = true;
    return import_channel_ref(channel);
}

static void end_publishing(struct importer *importer, struct import_channel **channel) {
    lock_acquire(&importer->lock);
    (*channel)->is_publishing = false;
    condition_broadcast(&importer->idle);
    lock_release(&importer->lock);
    import_channel_unref(channel);
}

/* What is to be done for a refusal, without the lock. */
static void apply_refusal(struct importer *importer, struct import_node *node, const struct channel_refusal *refusal) {
    lock_acquire(&importer->lock);
    struct import_channel *channel = import_node_find_channel(node, refusal->channel);
    const bool is_new = channel != NULL && channel->refusal.text[0] == '\0';
    if (channel != NULL) {
        channel->refusal = refusal->reason;
    }
    struct topic *topic = is_new ? topic_ref(channel->topic) : NULL;
    const bool is_playback = is_new && channel->wanted.playback != 0;
    lock_release(&importer->lock);
    if (is_playback) {
        topic_close(topic);
    } else if (is_new) {
        (void)topic_set_state(topic, STATE_OFFLINE, refusal->reason.text);
    }
    topic_unref(&topic);
}

static void clear_refusals_locked(struct import_node *node) {
    for (size_t i = 0; i < IMPORT_CHANNELS_MAX; i++) {
        if (node->channels[i] != NULL && node->channels[i]->wanted.playback == 0) {
            node->channels[i]->refusal.text[0] = '\0';
        }
    }
}

static void take_answer(struct importer *importer, struct import_node *node, struct wire_reader *reader,
                        int64_t now_ns) {
    struct answer_message answer;
    if (!answer_message_read(reader, &answer)) {
        importer_count_malformed(importer);
        return;
    }
    lock_acquire(&importer->lock);
    node->round_trip_ns = max_i64(subtract_i64(now_ns, answer.lease_sent_ns), 0);
    if (answer.refusal_count == 0) {
        clear_refusals_locked(node);
    }
    lock_release(&importer->lock);
    for (uint32_t i = 0; i < answer.refusal_count; i++) {
        struct channel_refusal refusal;
        if (!channel_refusal_read(reader, &refusal)) {
            importer_count_malformed(importer);
            return;
        }
        apply_refusal(importer, node, &refusal);
    }
}

static void take_frame(struct importer *importer, struct import_node *node, uint64_t number, struct wire_reader *reader,
                       int64_t waited_ns) {
    struct frame_message message = {.number = number};
    if (!frame_message_read(reader, &message)) {
        importer_count_malformed(importer);
        return;
    }
    lock_acquire(&importer->lock);
    struct import_channel *channel = begin_publishing_locked(node, message.channel);
    lock_release(&importer->lock);
    if (channel != NULL) {
        import_channel_take(channel, &message, waited_ns, broker_frame_pool(importer->broker));
        end_publishing(importer, &channel);
    }
}

static void take_delivery(struct importer *importer, const struct link_message *message) {
    const struct span bytes = link_message_bytes(message);
    const int64_t now_ns = clock_monotonic_ns();
    struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
    struct delivery_message delivery;
    char name[NODE_MAX_BYTES + 1];
    if (!subject_read_sender(link_message_subject(message), name) || !delivery_message_read(&reader, &delivery)) {
        importer_count_malformed(importer);
        return;
    }
    int64_t waited_ns = 0;
    lock_acquire(&importer->lock);
    struct import_node *node = importer_find_node_locked(importer, name); /* lasts as long as the importer */
    const bool is_taken = node != NULL && note_delivery_locked(importer, node, &delivery, now_ns, &waited_ns);
    const bool wakes = is_taken && !node->ack_is_due;
    if (is_taken) {
        node->ack_is_due = true;
    }
    lock_release(&importer->lock);
    if (wakes) {
        importer->wake(importer->wake_user);
    }
    if (is_taken && delivery.kind == DELIVERY_FRAME) {
        take_frame(importer, node, delivery.number, &reader, waited_ns);
    } else if (is_taken) {
        take_answer(importer, node, &reader, now_ns);
    }
}

void importer_take_delivery(void *user, struct link_message **message) {
    take_delivery(user, *message);
    link_message_destroy(message);
}
