/* Messages that wait for a thread: in order, up to a bound; where there is no room, the newest is dropped and counted.
 *
 * Threads: any. Ownership: holds the messages. */
#ifndef BROKER_CLUSTER_MESSAGE_QUEUE_H
#define BROKER_CLUSTER_MESSAGE_QUEUE_H

#include "broker/base/sync.h"
#include "broker/cluster/nats_link.h"

#define MESSAGE_QUEUE_MAX 1024
#define MESSAGE_QUEUE_MAX_BYTES ((size_t)16 << 20)

/* The fields are private. */
struct message_queue {
    struct lock lock;
    struct link_message *messages[MESSAGE_QUEUE_MAX] GUARDED_BY(lock); /* a ring */
    size_t first GUARDED_BY(lock), count GUARDED_BY(lock), bytes GUARDED_BY(lock);
    uint64_t dropped GUARDED_BY(lock);
};

void message_queue_init(struct message_queue *queue);
/* Destroys what waits. */
void message_queue_finish(struct message_queue *queue);
/* Takes *message. */
void message_queue_push(struct message_queue *queue, struct link_message **message);
/* NULL: none waits. */
struct link_message *message_queue_pop(struct message_queue *queue);

#endif
