#include "web/mqtt/mqtt_link.h"

#include "broker/base/clock.h"
#include "broker/base/refcount.h"
#include "web/mqtt/mqtt_address.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For an answer to CONNECT, TLS included. */
#define HANDSHAKE_NS (10 * NS_PER_S)
/* For the broker to confirm the last message. */
#define LEAVE_NS (500 * NS_PER_MS)
#define IN_FLIGHT_MAX 32
#define SYSTEM_AUTHORITIES "/etc/ssl/certs"
#define READS_MAX 64

/* A request that the broker answers. */
struct request {
    int number;                   /* MQTT's packet identifier; 0: free */
    char topic[MQTT_TOPIC_BYTES]; /* or filter */
};

struct mqtt_link {
    struct refcount references; /* the owner's, and the thread's while it connects */
    struct arena *arena;
    struct mqtt_address address;
    unsigned keepalive_s;
    enum mqtt_protocol protocol;
    struct mosquitto *client;
    struct event attempted;   /* wakes the owner */
    atomic_bool is_attempted; /* release and acquire: orders the two results and the client */
    int attempt_result, attempt_errno;
    char detail[160]; /* what the library last reported of a failure */
    /* Of the owner: */
    enum { LINK_ATTEMPTED, LINK_HANDSHAKE, LINK_UP, LINK_ENDED } phase;
    struct mqtt_link_handler handler;
    int64_t deadline_ns; /* of the handshake */
    bool wants_other_protocol;
    struct reason refusal; /* the broker's own words; "": none */
    size_t answers;        /* counts what has been read */
    size_t in_flight_count;
    struct request in_flight[IN_FLIGHT_MAX];
    char status_topic[MQTT_TOPIC_BYTES];
};

static void link_unref(struct mqtt_link *link) {
    if (!refcount_drop(&link->references)) {
        return;
    }
    if (link->client != NULL) {
        mosquitto_destroy(link->client);
    }
    event_finish(&link->attempted);
    arena_unref(&link->arena);
    free(link);
}

/* ---- The library's callbacks ---- */

/* "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" */
static void note_log(struct mosquitto *client, void *user, int level, const char *text) {
    (void)client;
    struct mqtt_link *link = user;
    const char *last = strrchr(text, ':');
    if (level == MOSQ_LOG_ERR) {
        snprintf(link->detail, sizeof link->detail, "%s", last != NULL ? last + 1 : text);
    }
}

static const char *refusal_text(enum mqtt_protocol protocol, int code) {
    bool is_login = protocol == MQTT_PROTOCOL_5
                        ? code == MQTT_RC_BAD_USERNAME_OR_PASSWORD || code == MQTT_RC_NOT_AUTHORIZED
                        : code == CONNACK_REFUSED_BAD_USERNAME_PASSWORD || code == CONNACK_REFUSED_NOT_AUTHORIZED;
    if (is_login) {
        return "the user name or the password is wrong, or missing";
    }
    return protocol == MQTT_PROTOCOL_5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code);
}

static void note_connected(struct mosquitto *client, void *user, int code, int flags, const mosquitto_property *more) {
    (void)client;
    (void)flags;
    (void)more;
    struct mqtt_link *link = user;
    link->answers++;
    if (code == 0) {
        link->phase = LINK_UP;
        return;
    }
    link->wants_other_protocol = code == (link->protocol == MQTT_PROTOCOL_5 ? MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION
                                                                            : CONNACK_REFUSED_PROTOCOL_VERSION);
    reason_set(&link->refusal, "%s refuses the connection: %s", link->address.label,
               refusal_text(link->protocol, code));
}

/* A DISCONNECT of the broker, which MQTT 5.0 has. */
static void note_disconnected(struct mosquitto *client, void *user, int code, const mosquitto_property *more) {
    (void)client;
    (void)more;
    struct mqtt_link *link = user;
    if (code == MQTT_RC_SESSION_TAKEN_OVER) {
        reason_set(&link->refusal, "%s has another client of the same id; give each its own \"client_id\"",
                   link->address.label);
    } else if (code >= MQTT_RC_UNSPECIFIED && link->refusal.text[0] == '\0') {
        reason_set(&link->refusal, "%s ends the connection: %s", link->address.label, mosquitto_reason_string(code));
    }
}

static void answer(struct mqtt_link *link, int number, const char *refusal) {
    link->answers++;
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        struct request *request = &link->in_flight[i];
        if (request->number == number) {
            request->number = 0;
            link->in_flight_count--;
            link->handler.answered(link->handler.user, request->topic, refusal);
            return;
        }
    }
}

static void note_published(struct mosquitto *client, void *user, int number, int code, const mosquitto_property *more) {
    (void)client;
    (void)more;
    answer(user, number, code >= MQTT_RC_UNSPECIFIED ? mosquitto_reason_string(code) : NULL);
}

static void note_subscribed(struct mosquitto *client, void *user, int number, int count, const int *granted,
                            const mosquitto_property *more) {
    (void)client;
    (void)more;
    answer(user, number, count > 0 && granted[0] >= MQTT_RC_UNSPECIFIED ? "not allowed" : NULL);
}

static void note_message(struct mosquitto *client, void *user, const struct mosquitto_message *message) {
    (void)client;
    struct mqtt_link *link = user;
    link->answers++;
    link->handler.arrived(link->handler.user, message->topic, message->payload != NULL ? message->payload : "",
                          message->payloadlen > 0 ? (size_t)message->payloadlen : 0, message->retain);
}

/* ---- Connecting ---- */

static void init_library(void) {
    /* Never undone: it is for the whole process. */
    mosquitto_lib_init();
}

static void *attempt(void *argument) {
    struct mqtt_link *link = argument;
    link->attempt_result =
        mosquitto_connect(link->client, link->address.host, link->address.port, (int)link->keepalive_s);
    link->attempt_errno = errno;
    atomic_store_explicit(&link->is_attempted, true, memory_order_release);
    event_set(&link->attempted);
    link_unref(link);
    return NULL;
}

/* Otherwise OpenSSL would ask on the terminal. */
static int refuse_pass_phrase(char *buffer, int size, int is_writing, void *user) {
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)user;
    return 0;
}

static bool use_tls(struct mqtt_link *link, const struct mqtt_settings *settings) {
    const char *path = settings->ca_file == NULL ? SYSTEM_AUTHORITIES : NULL;
    return mosquitto_tls_set(link->client, settings->ca_file, path, settings->certificate, settings->private_key,
                             refuse_pass_phrase) == MOSQ_ERR_SUCCESS;
}

static bool use_login(struct mqtt_link *link, const struct mqtt_settings *settings) {
    const struct mqtt_address *address = &link->address;
    const char *username = settings->username != NULL ? settings->username
                           : address->has_username    ? address->username
                                                      : NULL;
    const char *password = settings->password != NULL ? settings->password
                           : address->has_password    ? address->password
                                                      : NULL;
    return mosquitto_username_pw_set(link->client, username, password) == MOSQ_ERR_SUCCESS;
}

static enum err prepare(struct mqtt_link *link, const struct mqtt_settings *settings, const char *client_id,
                        struct reason *reason) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct mosquitto *client = link->client = mosquitto_new(client_id, true, link);
    if (client == NULL) {
        reason_set(reason, "out of memory");
        return ERR_MEMORY;
    }
    mosquitto_log_callback_set(client, note_log);
    mosquitto_connect_v5_callback_set(client, note_connected);
    mosquitto_disconnect_v5_callback_set(client, note_disconnected);
    mosquitto_publish_v5_callback_set(client, note_published);
    mosquitto_subscribe_v5_callback_set(client, note_subscribed);
    mosquitto_message_callback_set(client, note_message);
    int version = link->protocol == MQTT_PROTOCOL_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    bool is_ready = mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, version) == MOSQ_ERR_SUCCESS &&
                    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1) == MOSQ_ERR_SUCCESS &&
                    mosquitto_will_set(client, link->status_topic, 7, "offline", 1, true) == MOSQ_ERR_SUCCESS &&
                    use_login(link, settings);
    if (!is_ready) {
        reason_set(reason, "libmosquitto does not accept the settings: the user name, the password or the prefix");
        return ERR_INVALID;
    }
    if (link->address.has_tls && !use_tls(link, settings)) {
        reason_set(reason, "cannot read \"ca_file\", \"certificate\" or \"private_key\"%s%s",
                   link->detail[0] != '\0' ? ":" : "", link->detail);
        return ERR_INVALID;
    }
    return ERR_OK;
}

enum err mqtt_link_open(const struct mqtt_settings *settings, const char *client_id, enum mqtt_protocol protocol,
                        const struct mqtt_link_handler *handler, struct mqtt_link **out, struct reason *reason) {
    struct mqtt_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        reason_set(reason, "out of memory");
        return ERR_MEMORY;
    }
    refcount_init(&link->references, 1);
    link->arena = arena_ref(settings->arena);
    link->keepalive_s = settings->keepalive_s;
    link->protocol = protocol;
    link->handler = *handler;
    mqtt_topic(link->status_topic, settings->prefix, NULL, "status");
    enum err error = mqtt_address_parse(settings->url, &link->address, reason);
    link->attempted.fd = -1;
    if (error == ERR_OK) {
        error = event_init(&link->attempted);
    }
    if (error == ERR_OK) {
        error = prepare(link, settings, client_id, reason);
    }
    pthread_t thread;
    if (error == ERR_OK) {
        refcount_take(&link->references);
        error = thread_start(&thread, "mqtt connect", 0, attempt, link);
        if (error != ERR_OK) {
            reason_set(reason, "cannot start a thread: %s", err_text(error));
            refcount_drop(&link->references);
        }
    }
    if (error != ERR_OK) {
        link_unref(link);
        return error;
    }
    pthread_detach(thread);
    *out = link;
    return ERR_OK;
}

/* ---- Working ---- */

/* What the library says of a failure. */
static void describe(const struct mqtt_link *link, int result, int number, struct reason *reason) {
    const char *label = link->address.label;
    if (link->refusal.text[0] != '\0') {
        *reason = link->refusal;
        return;
    }
    switch (result) {
    case MOSQ_ERR_EAI:
    case MOSQ_ERR_LOOKUP: reason_set(reason, "%s: the name cannot be found", label); break;
    case MOSQ_ERR_ERRNO:
        if (number != EPROTO) {
            reason_set(reason, "%s: %s", label, strerror(number));
            break;
        }
        reason_set(reason, "%s: TLS fails:%s; \"ca_file\" names the authority of the broker's certificate", label,
                   link->detail);
        break;
    case MOSQ_ERR_TLS:
    case MOSQ_ERR_TLS_HANDSHAKE:
        reason_set(reason, "%s: TLS fails:%s; \"ca_file\" names the authority of the broker's certificate", label,
                   link->detail);
        break;
    case MOSQ_ERR_NO_CONN:
    case MOSQ_ERR_CONN_LOST: reason_set(reason, "%s closes the connection", label); break;
    case MOSQ_ERR_KEEPALIVE: reason_set(reason, "%s does not answer any more", label); break;
    case MOSQ_ERR_PROTOCOL:
    case MOSQ_ERR_MALFORMED_PACKET: reason_set(reason, "%s does not speak MQTT", label); break;
    default: reason_set(reason, "%s: %s", label, mosquitto_strerror(result)); break;
    }
}

void mqtt_link_poll(const struct mqtt_link *link, struct pollfd *poller) {
    *poller = (struct pollfd){.fd = link->attempted.fd, .events = POLLIN};
    if (link->phase == LINK_HANDSHAKE || link->phase == LINK_UP) {
        bool writes = mosquitto_want_write(link->client);
        *poller =
            (struct pollfd){.fd = mosquitto_socket(link->client), .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
    }
}

/* One call reads no more than the library thinks is there, and what TLS has decrypted does not show in poll(2). */
static int read_all(struct mqtt_link *link) {
    int result = MOSQ_ERR_SUCCESS;
    size_t before = link->answers + 1;
    for (int i = 0; i < READS_MAX && result == MOSQ_ERR_SUCCESS && before != link->answers; i++) {
        before = link->answers;
        errno = 0;
        result = mosquitto_loop_read(link->client, 1);
    }
    return result;
}

static int drive(struct mqtt_link *link) {
    int result = read_all(link);
    if (result == MOSQ_ERR_SUCCESS && mosquitto_want_write(link->client)) {
        errno = 0;
        result = mosquitto_loop_write(link->client, 1);
    }
    if (result == MOSQ_ERR_SUCCESS) {
        result = mosquitto_loop_misc(link->client);
    }
    return result;
}

static enum err end(struct mqtt_link *link, int result, int number, struct reason *reason) {
    /* A broker that knows only MQTT 3.1.1 may close the connection without a word, or refuse it in a packet that is
     * none of MQTT 5, which libmosquitto reports by either of two errors. */
    bool may_be_former = result == MOSQ_ERR_CONN_LOST || result == MOSQ_ERR_NO_CONN || result == MOSQ_ERR_PROTOCOL ||
                         result == MOSQ_ERR_MALFORMED_PACKET;
    if (link->phase == LINK_HANDSHAKE && may_be_former && link->refusal.text[0] == '\0' && !link->address.has_tls) {
        link->wants_other_protocol = true;
    }
    describe(link, result, number, reason);
    link->phase = LINK_ENDED;
    return ERR_CLOSED;
}

enum err mqtt_link_work(struct mqtt_link *link, struct reason *reason) {
    if (link->phase == LINK_ATTEMPTED) {
        if (!atomic_load_explicit(&link->is_attempted, memory_order_acquire)) {
            return ERR_BUSY;
        }
        if (link->attempt_result != MOSQ_ERR_SUCCESS) {
            return end(link, link->attempt_result, link->attempt_errno, reason);
        }
        link->phase = LINK_HANDSHAKE;
        link->deadline_ns = clock_monotonic_ns() + HANDSHAKE_NS;
    }
    int result = drive(link);
    if (result != MOSQ_ERR_SUCCESS) {
        return end(link, result, errno, reason);
    }
    if (link->phase == LINK_HANDSHAKE && clock_monotonic_ns() > link->deadline_ns) {
        link->phase = LINK_ENDED;
        reason_set(reason, "%s accepts connections, and does not answer", link->address.label);
        return ERR_CLOSED;
    }
    return link->phase == LINK_UP ? ERR_OK : ERR_BUSY;
}

bool mqtt_link_wants_other_protocol(const struct mqtt_link *link) { return link->wants_other_protocol; }

/* ---- Messages ---- */

static struct request *find_free(struct mqtt_link *link) {
    for (size_t i = 0; i < IN_FLIGHT_MAX && link->phase == LINK_UP; i++) {
        if (link->in_flight[i].number == 0) {
            return &link->in_flight[i];
        }
    }
    return NULL;
}

static enum err translate(int result) {
    switch (result) {
    case MOSQ_ERR_SUCCESS: return ERR_OK;
    case MOSQ_ERR_NOMEM: return ERR_MEMORY;
    case MOSQ_ERR_PAYLOAD_SIZE:
    case MOSQ_ERR_OVERSIZE_PACKET: return ERR_INVALID;
    default: return ERR_CLOSED;
    }
}

static void begin(struct mqtt_link *link, struct request *request, int number, const char *topic) {
    request->number = number;
    snprintf(request->topic, sizeof request->topic, "%s", topic);
    link->in_flight_count++;
}

enum err mqtt_link_subscribe(struct mqtt_link *link, const char *filter) {
    struct request *request = find_free(link);
    int number = 0;
    if (request == NULL) {
        return ERR_BUSY;
    }
    enum err error = translate(mosquitto_subscribe(link->client, &number, filter, 0));
    if (error == ERR_OK) {
        begin(link, request, number, filter);
    }
    return error;
}

void mqtt_link_unsubscribe(struct mqtt_link *link, const char *filter) {
    mosquitto_unsubscribe(link->client, NULL, filter);
}

enum err mqtt_link_publish(struct mqtt_link *link, const char *topic, const void *payload, size_t count) {
    struct request *request = find_free(link);
    int number = 0;
    if (request == NULL) {
        return ERR_BUSY;
    }
    enum err error = translate(mosquitto_publish(link->client, &number, topic, (int)count, payload, 1, true));
    if (error == ERR_OK) {
        begin(link, request, number, topic);
    }
    return error;
}

enum err mqtt_link_publish_large(struct mqtt_link *link, const char *topic, const void *payload, size_t count) {
    if (link->phase != LINK_UP || mosquitto_want_write(link->client)) {
        return ERR_BUSY;
    }
    return translate(mosquitto_publish(link->client, NULL, topic, (int)count, payload, 0, true));
}

/* ---- The end ---- */

static void wait_for_answers(struct mqtt_link *link, int64_t deadline_ns) {
    struct reason reason;
    while (link->in_flight_count > 0 && clock_monotonic_ns() < deadline_ns) {
        struct pollfd poller;
        mqtt_link_poll(link, &poller);
        poll(&poller, 1, clock_poll_timeout_ms(deadline_ns));
        if (mqtt_link_work(link, &reason) != ERR_OK) {
            return;
        }
    }
}

/* The library closes the socket behind its DISCONNECT, and the kernel drops what a closed socket has not read, with
 * what it has not sent: so every answer is awaited first. */
void mqtt_link_close(struct mqtt_link **link_pointer) {
    struct mqtt_link *link = *link_pointer;
    *link_pointer = NULL;
    if (link == NULL) {
        return;
    }
    if (link->phase == LINK_UP) {
        int64_t deadline_ns = clock_monotonic_ns() + LEAVE_NS;
        while (find_free(link) == NULL && clock_monotonic_ns() < deadline_ns && link->phase == LINK_UP) {
            wait_for_answers(link, deadline_ns);
        }
        if (mqtt_link_publish(link, link->status_topic, "offline", 7) == ERR_OK) {
            wait_for_answers(link, deadline_ns);
        }
        if (link->phase == LINK_UP && link->in_flight_count == 0) {
            mosquitto_disconnect(link->client);
        }
    }
    link_unref(link);
}
