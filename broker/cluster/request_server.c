#include "broker/cluster/request_server.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/cluster/message_queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 2
#define HEAD_BYTES 512
#define PAGE_BYTES ((size_t)256 << 10)
/* More of an answer would not be asked for at once. */
#define ANSWER_BYTES (CLUSTER_ANSWER_MAX_BYTES + HEAD_BYTES)

struct request_server {
    struct directory *directory;
    int64_t started_realtime_ns;
    struct nats_link *link;
    struct message_queue requests;
    atomic_bool is_paused;
    pthread_t threads[THREADS];
    unsigned thread_count;
    struct lock lock;
    struct condition changed; /* a request, an end of a call, the end */
    bool stopping GUARDED_BY(lock);
    cluster_serve *serve GUARDED_BY(lock); /* NULL: none */
    void *serve_user GUARDED_BY(lock);
    unsigned calls GUARDED_BY(lock);
};

/* ---- Answers ---- */

static enum err call_server(struct request_server *server, const char *node, struct span request,
                            struct cluster_answer *answer, struct reason *reason) {
    lock_acquire(&server->lock);
    cluster_serve *serve = server->serve;
    void *user = server->serve_user;
    server->calls++;
    lock_release(&server->lock);
    enum err error = ERR_CLOSED;
    reason_set(reason, "the node does not answer requests");
    if (serve != NULL) {
        reason_set(reason, "%s", "");
        error = serve(user, node, request.bytes, request.count, answer, reason);
    }
    lock_acquire(&server->lock);
    server->calls--;
    condition_broadcast(&server->changed);
    lock_release(&server->lock);
    return error;
}

static void answer_other(struct request_server *server, const char *node, struct wire_reader *reader,
                         struct wire_writer *writer) {
    struct cluster_answer answer = {.bytes = NULL};
    struct reason reason = {""};
    const struct span request = {.bytes = reader->bytes, .count = reader->count};
    enum err error = call_server(server, node, request, &answer, &reason);
    if (error == ERR_OK && answer.count > CLUSTER_ANSWER_MAX_BYTES) {
        error = ERR_INVALID;
        reason_set(&reason, "the answer is too large");
    }
    wire_put_u8(writer, CLUSTER_PROTOCOL);
    wire_put_u8(writer, (uint8_t)error);
    wire_put_text(writer, reason.text);
    if (error == ERR_OK) {
        wire_put_bytes(writer, answer.bytes, answer.count);
    }
    free(answer.bytes);
}

static void answer(struct request_server *server, const struct link_message *message, struct wire_writer writer) {
    const struct span bytes = link_message_bytes(message);
    struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
    const uint8_t version = wire_get_u8(&reader);
    const uint8_t kind = wire_get_u8(&reader);
    const char *reply = link_message_reply(message);
    char node[NODE_MAX_BYTES + 1];
    /* A reply goes to the inbox of the node that asks, and to no other: there it would pass for one that was asked for.
     */
    if (version != CLUSTER_PROTOCOL || reply == NULL || !subject_read_sender(link_message_subject(message), node) ||
        !subject_is_inbox(reply, node)) {
        return;
    }
    if (kind == REQUEST_IDENTITY) {
        const struct beacon_message identity = {.started_realtime_ns = server->started_realtime_ns};
        directory_write_beacon(server->directory, &identity, &writer);
    } else if (kind == REQUEST_DIRECTORY) {
        const uint32_t from = wire_get_u32(&reader);
        writer.capacity = min_size(PAGE_BYTES, nats_link_max_payload(server->link));
        directory_write_page(server->directory, from, &writer);
    } else if (kind == REQUEST_OTHER) {
        answer_other(server, node, &reader, &writer);
    }
    if (writer.count > 0 && !writer.is_full) {
        enum err error = nats_link_publish(server->link, reply, NULL, writer.bytes, writer.count);
        (void)error; /* the node asks again */
    }
}

/* ---- Threads ---- */

/* NULL: the end. */
static struct link_message *wait_for_request(struct request_server *server) {
    struct link_message *message = NULL;
    lock_acquire(&server->lock);
    while (!server->stopping && (message = message_queue_pop(&server->requests)) == NULL) {
        condition_wait(&server->changed, &server->lock);
    }
    lock_release(&server->lock);
    return message;
}

static void *run(void *argument) {
    struct request_server *server = argument;
    uint8_t *bytes = malloc(ANSWER_BYTES);
    struct link_message *message;
    while ((message = wait_for_request(server)) != NULL) {
        if (bytes != NULL && !atomic_load_explicit(&server->is_paused, memory_order_relaxed)) {
            answer(server, message, (struct wire_writer){.bytes = bytes, .capacity = ANSWER_BYTES});
        }
        link_message_destroy(&message);
    }
    free(bytes);
    return NULL;
}

void request_server_take(void *user, struct link_message **message) {
    struct request_server *server = user;
    message_queue_push(&server->requests, message);
    lock_acquire(&server->lock);
    condition_signal(&server->changed);
    lock_release(&server->lock);
}

void request_server_pause(struct request_server *server, bool paused) {
    atomic_store_explicit(&server->is_paused, paused, memory_order_relaxed);
}

void request_server_set(struct request_server *server, cluster_serve *serve, void *user) {
    lock_acquire(&server->lock);
    server->serve = serve;
    server->serve_user = user;
    while (server->calls > 0) {
        condition_wait(&server->changed, &server->lock);
    }
    lock_release(&server->lock);
}

enum err request_server_create(struct directory *directory, int64_t started_realtime_ns, struct nats_link *link,
                               struct request_server **out) {
    struct request_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return ERR_MEMORY;
    }
    server->directory = directory;
    server->started_realtime_ns = started_realtime_ns;
    server->link = link;
    message_queue_init(&server->requests);
    lock_init(&server->lock);
    condition_init(&server->changed);
    enum err error = ERR_OK;
    while (server->thread_count < THREADS && error == ERR_OK) {
        error = thread_start(&server->threads[server->thread_count], "cluster request", 0, run, server);
        server->thread_count += error == ERR_OK;
    }
    if (error != ERR_OK) {
        request_server_destroy(&server);
        return error;
    }
    *out = server;
    return ERR_OK;
}

void request_server_destroy(struct request_server **server_pointer) {
    struct request_server *server = *server_pointer;
    *server_pointer = NULL;
    if (server == NULL) {
        return;
    }
    lock_acquire(&server->lock);
    server->stopping = true;
    condition_broadcast(&server->changed);
    lock_release(&server->lock);
    for (unsigned i = 0; i < server->thread_count; i++) {
        pthread_join(server->threads[i], NULL);
    }
    message_queue_finish(&server->requests);
    condition_finish(&server->changed);
    lock_finish(&server->lock);
    free(server);
}

/* ---- The other side ---- */

static enum err read_answer(const struct link_message *message, struct cluster_answer *answer, struct reason *reason) {
    const struct span bytes = link_message_bytes(message);
    struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
    struct reason words;
    const uint8_t version = wire_get_u8(&reader);
    const uint8_t error = wire_get_u8(&reader);
    wire_get_text(&reader, words.text, sizeof words.text);
    if (reader.is_broken || version != CLUSTER_PROTOCOL || error > ERR_IO) {
        reason_set(reason, "the answer cannot be read");
        return ERR_INVALID;
    }
    if (error != ERR_OK) {
        reason_set(reason, "%s", words.text);
        return (enum err)error;
    }
    answer->count = reader.count;
    answer->bytes = malloc(reader.count + 1);
    if (answer->bytes == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    memcpy(answer->bytes, reader.bytes, reader.count);
    return ERR_OK;
}

enum err request_send(struct nats_link *link, const char *self, const char *node, const void *request, size_t count,
                      int64_t timeout_ns, struct cluster_answer *answer, struct reason *reason) {
    char subject[LINK_SUBJECT_BYTES];
    subject_format_to(subject, "request", node, self);
    uint8_t *bytes = count <= CLUSTER_REQUEST_MAX_BYTES ? malloc(count + HEAD_BYTES) : NULL;
    if (bytes == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    struct wire_writer writer = {.bytes = bytes, .capacity = count + HEAD_BYTES};
    wire_put_u8(&writer, CLUSTER_PROTOCOL);
    wire_put_u8(&writer, REQUEST_OTHER);
    wire_put_bytes(&writer, request, count);
    struct link_message *message = NULL;
    enum err error = nats_link_request(link, subject, writer.bytes, writer.count, timeout_ns, &message);
    free(bytes);
    if (error == ERR_OK) {
        error = read_answer(message, answer, reason);
        link_message_destroy(&message);
    } else if (error == ERR_NOT_FOUND || error == ERR_CLOSED) {
        error = ERR_GONE;
        reason_set(reason, "node %s does not answer", node);
    } else {
        reason_set(reason, "node %s does not answer: %s", node, err_text(error));
    }
    return error;
}

enum err request_identity(struct nats_link *link, const char *self, int64_t timeout_ns,
                          struct beacon_message *identity) {
    char subject[LINK_SUBJECT_BYTES];
    subject_format_to(subject, "request", self, self);
    const uint8_t bytes[] = {CLUSTER_PROTOCOL, REQUEST_IDENTITY};
    struct link_message *message = NULL;
    enum err error = nats_link_request(link, subject, bytes, sizeof bytes, timeout_ns, &message);
    if (error == ERR_OK) {
        const struct span answer = link_message_bytes(message);
        struct wire_reader reader = {.bytes = answer.bytes, .count = answer.count};
        error = beacon_message_read(&reader, identity) ? ERR_OK : ERR_INVALID;
        link_message_destroy(&message);
    }
    return error;
}
