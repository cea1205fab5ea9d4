#include "broker/cluster/message_queue.h"

void message_queue_init(struct message_queue *queue) {
    lock_init(&queue->lock);
    queue->first = queue->count = queue->bytes = 0;
    queue->dropped = 0;
}

void message_queue_finish(struct message_queue *queue) {
    struct link_message *message;
    while ((message = message_queue_pop(queue)) != NULL) {
        link_message_destroy(&message);
    }
    lock_finish(&queue->lock);
}

void message_queue_push(struct message_queue *queue, struct link_message **message) {
    const size_t bytes = link_message_bytes(*message).count;
    lock_acquire(&queue->lock);
    const bool has_room = queue->count < MESSAGE_QUEUE_MAX && bytes <= MESSAGE_QUEUE_MAX_BYTES - queue->bytes;
    if (has_room) {
        queue->messages[(queue->first + queue->count++) % MESSAGE_QUEUE_MAX] = *message;
        queue->bytes += bytes;
        *message = NULL;
    } else {
        queue->dropped++;
    }
    lock_release(&queue->lock);
    link_message_destroy(message);
}

struct link_message *message_queue_pop(struct message_queue *queue) {
    struct link_message *message = NULL;
    lock_acquire(&queue->lock);
    if (queue->count > 0) {
        message = queue->messages[queue->first];
        queue->first = (queue->first + 1) % MESSAGE_QUEUE_MAX;
        queue->count--;
        queue->bytes -= link_message_bytes(message).count;
    }
    lock_release(&queue->lock);
    return message;
}
