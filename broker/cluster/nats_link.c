#include "broker/cluster/nats_link.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/string_view.h"
#include "broker/base/sync.h"
#include "broker/cluster/nats_library.h"
#include "broker/cluster/nats_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS NS_PER_S
/* A login that is refused is not right a second later. */
#define REFUSED_RETRY_NS (5 * NS_PER_S)
#define FLUSH_MS 200
#define PENDING_MAX_BYTES (64 << 20)
#define SUBSCRIPTIONS_MAX 16
/* How long a message that was not permitted is shown. */
#define DENIAL_NS (60 * NS_PER_S)

struct link_subscription {
    char subject[LINK_SUBJECT_BYTES];
    link_handler *handle;
    void *user;
    struct nats_link *link;
    natsSubscription *subscription; /* NULL: none yet */
};

struct nats_link {
    natsOptions *options;
    const char *login_file; /* the key of the file that each connection reads for its login; NULL: none */
    void (*changed)(void *user);
    void *changed_user;
    /* The owner's: */
    struct link_subscription subscriptions[SUBSCRIPTIONS_MAX];
    size_t subscription_count;
    int64_t retry_at_ns;

    struct lock lock;
    struct condition unused;
    natsConnection *connection GUARDED_BY(lock); /* NULL: none */
    unsigned users GUARDED_BY(lock);             /* calls that use it */
    unsigned deliveries GUARDED_BY(lock);        /* subscriptions whose handlers may be called */
    bool is_connected GUARDED_BY(lock), is_given_up GUARDED_BY(lock), is_closing GUARDED_BY(lock);
    uint64_t connections GUARDED_BY(lock);
    enum cluster_state state GUARDED_BY(lock);
    int64_t since_realtime_ns GUARDED_BY(lock);
    struct reason error GUARDED_BY(lock);
    struct reason denial GUARDED_BY(lock);
    int64_t denial_until_ns GUARDED_BY(lock);
};

/* ---- Messages ---- */

static natsMsg *to_nats(const struct link_message *message) { return (natsMsg *)(uintptr_t)message; }

const char *link_message_subject(const struct link_message *message) {
    return nats->natsMsg_GetSubject(to_nats(message));
}

const char *link_message_reply(const struct link_message *message) { return nats->natsMsg_GetReply(to_nats(message)); }

struct span link_message_bytes(const struct link_message *message) {
    const natsMsg *own = to_nats(message);
    return (struct span){(const uint8_t *)nats->natsMsg_GetData(own), (size_t)nats->natsMsg_GetDataLength(own)};
}

void link_message_destroy(struct link_message **message_pointer) {
    natsMsg *message = to_nats(*message_pointer);
    *message_pointer = NULL;
    nats->natsMsg_Destroy(message); /* NULL is none */
}

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *own_message, void *user) {
    (void)connection;
    (void)subscription;
    const struct link_subscription *own = user;
    struct link_message *message = (struct link_message *)(void *)own_message;
    own->handle(own->user, &message);
}

/* What libnats says, without the place in its source, as in "(conn.c:1905): Authorization Violation". NULL: nothing. */
static const char *without_place(const char *error) {
    const char *end = error != NULL && error[0] == '(' ? strstr(error, "): ") : NULL;
    return end != NULL ? end + 3 : error;
}

/* ---- State ---- */

static void set_state(struct nats_link *link, enum cluster_state state, bool is_connected, const char *error) {
    lock_acquire(&link->lock);
    if (link->state != state) {
        link->since_realtime_ns = clock_realtime_ns();
    }
    link->state = state;
    link->connections += is_connected && !link->is_connected;
    link->is_connected = is_connected;
    if (error != NULL) {
        reason_set(&link->error, "%s", error);
    }
    link->denial_until_ns = is_connected ? 0 : link->denial_until_ns;
    lock_release(&link->lock);
    link->changed(link->changed_user);
}

static void on_disconnect(natsConnection *connection, void *user) {
    (void)connection;
    struct nats_link *link = user;
    lock_acquire(&link->lock);
    const bool is_closing = link->is_closing;
    lock_release(&link->lock);
    if (is_closing) {
        return;
    }
    set_state(link, CLUSTER_CONNECTING, false, "the connection to the NATS server is lost");
    log_rate_limited(LOG_LEVEL_WARNING, NULL, "cluster",
                     "the connection to the NATS server is lost; it is tried again");
}

static void on_reconnect(natsConnection *connection, void *user) {
    (void)connection;
    set_state(user, CLUSTER_CONNECTED, true, "");
    log_event(LOG_LEVEL_INFO, NULL, "cluster: connected to the NATS server again");
}

/* The last callback of a connection. */
static void on_close(natsConnection *connection, void *user) {
    struct nats_link *link = user;
    const char *error = NULL;
    (void)nats->natsConnection_GetLastError(connection, &error);
    error = without_place(error);
    lock_acquire(&link->lock);
    const bool is_closing = link->is_closing;
    lock_release(&link->lock);
    if (!is_closing) {
        char words[160];
        snprintf(words, sizeof words, "the NATS server refuses this node: %s", error != NULL ? error : "no reason");
        set_state(link, CLUSTER_REFUSED, false, words);
        log_rate_limited(LOG_LEVEL_ERROR, NULL, "cluster", "%s", words);
    }
    lock_acquire(&link->lock);
    link->is_given_up = true;
    void (*changed)(void *user) = is_closing ? NULL : link->changed;
    void *changed_user = link->changed_user;
    condition_broadcast(&link->unused);
    lock_release(&link->lock);
    if (changed != NULL) {
        changed(changed_user);
    }
}

static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status, void *user) {
    (void)subscription;
    struct nats_link *link = user;
    const char *error = NULL;
    if (status != NATS_NOT_PERMITTED) {
        return;
    }
    (void)nats->natsConnection_GetLastError(connection, &error);
    error = error != NULL ? error : "";
    /* Permissions Violation for Publish to "framebroker.1.lease.site-a.wall" */
    const char *what = strstr(error, " for ");
    char words[160];
    snprintf(words, sizeof words, "the NATS server does not permit this node: %s", what != NULL ? what + 5 : error);
    lock_acquire(&link->lock);
    reason_set(&link->denial, "%s", words);
    /* A subscription is refused once only. */
    link->denial_until_ns = strstr(error, "Subscription") != NULL ? CLOCK_NEVER : clock_monotonic_ns() + DENIAL_NS;
    lock_release(&link->lock);
    link->changed(link->changed_user);
    log_rate_limited(LOG_LEVEL_ERROR, NULL, "cluster", "%s; see the permissions of its user there", words);
}

/* ---- Lifecycle ---- */

static natsStatus set_handlers(natsOptions *options, struct nats_link *link) {
    const natsStatus results[] = {
        nats->natsOptions_SetErrorHandler(options, on_error, link),
        nats->natsOptions_SetDisconnectedCB(options, on_disconnect, link),
        nats->natsOptions_SetReconnectedCB(options, on_reconnect, link),
        nats->natsOptions_SetClosedCB(options, on_close, link),
    };
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if (results[i] != NATS_OK) {
            return results[i];
        }
    }
    return NATS_OK;
}

/* What libnats says of its last failure on this thread. */
static const char *failure_text(natsStatus status) {
    natsStatus last = NATS_OK;
    const char *text = nats->nats_GetLastError(&last);
    return text != NULL && text[0] != '\0' && last == status ? without_place(text) : nats->natsStatus_GetText(status);
}

enum err nats_link_create(const struct cluster_settings *settings, void (*changed)(void *user), void *user,
                          struct nats_link **out, struct reason *reason) {
    enum err error = nats_load(reason);
    if (error != ERR_OK) {
        return error;
    }
    struct nats_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    lock_init(&link->lock);
    condition_init(&link->unused);
    link->login_file = settings->credentials != NULL ? "credentials" : settings->nkey != NULL ? "nkey_seed" : NULL;
    link->changed = changed;
    link->changed_user = user;
    link->state = CLUSTER_CONNECTING;
    link->since_realtime_ns = clock_realtime_ns();
    const char *key = "url";
    natsStatus status = nats_options_create(settings, &link->options, &key);
    if (status == NATS_OK) {
        status = set_handlers(link->options, link);
    }
    if (status != NATS_OK) {
        reason_set(reason, "cluster.%s cannot be used: %s", key, failure_text(status));
        nats_link_destroy(&link);
        return status == NATS_NO_MEMORY ? ERR_MEMORY : ERR_INVALID;
    }
    *out = link;
    return ERR_OK;
}

void nats_link_destroy(struct nats_link **link_pointer) {
    struct nats_link *link = *link_pointer;
    *link_pointer = NULL;
    if (link == NULL) {
        return;
    }
    nats->natsOptions_Destroy(link->options);
    condition_finish(&link->unused);
    lock_finish(&link->lock);
    free(link);
}

/* ---- Connecting ---- */

static void on_complete(void *user) {
    struct nats_link *link = user;
    lock_acquire(&link->lock);
    link->deliveries--;
    condition_broadcast(&link->unused);
    lock_release(&link->lock);
}

static enum err subscribe_now(natsConnection *connection, struct link_subscription *own) {
    natsStatus status = nats->natsConnection_Subscribe(&own->subscription, connection, own->subject, on_message, own);
    if (status == NATS_OK) {
        lock_acquire(&own->link->lock);
        own->link->deliveries++;
        lock_release(&own->link->lock);
        status = nats->natsSubscription_SetOnCompleteCB(own->subscription, on_complete, own->link);
        if (status != NATS_OK) {
            on_complete(own->link); /* it is closed already */
        }
    }
    if (status == NATS_OK) {
        status = nats->natsSubscription_SetPendingLimits(own->subscription, PENDING_MAX_MESSAGES, PENDING_MAX_BYTES);
    }
    return status == NATS_OK ? ERR_OK : ERR_IO;
}

/* Ends the connection, if there is one, once nothing uses it. No callback of it is under way then. */
static void drop_connection(struct nats_link *link) {
    lock_acquire(&link->lock);
    natsConnection *connection = link->connection;
    link->connection = NULL;
    link->is_connected = false;
    lock_release(&link->lock);
    if (connection != NULL) {
        nats->natsConnection_Close(connection); /* ends requests that wait */
    }
    lock_acquire(&link->lock);
    while (link->users > 0) {
        condition_wait(&link->unused, &link->lock);
    }
    lock_release(&link->lock);
    for (size_t i = 0; i < link->subscription_count; i++) {
        nats->natsSubscription_Destroy(link->subscriptions[i].subscription);
        link->subscriptions[i].subscription = NULL;
    }
    nats->natsConnection_Destroy(connection);
    lock_acquire(&link->lock);
    while (connection != NULL && (link->deliveries > 0 || !link->is_given_up)) {
        condition_wait(&link->unused, &link->lock);
    }
    lock_release(&link->lock);
}

static bool is_of_network(natsStatus status) {
    return status == NATS_NO_SERVER || status == NATS_IO_ERROR || status == NATS_TIMEOUT ||
           status == NATS_CONNECTION_CLOSED || status == NATS_CONNECTION_DISCONNECTED;
}

static void note_failure(struct nats_link *link, natsStatus status) {
    const bool is_by_server = status == NATS_CONNECTION_AUTH_FAILED || status == NATS_SSL_ERROR ||
                              status == NATS_SECURE_CONNECTION_REQUIRED || status == NATS_SECURE_CONNECTION_WANTED;
    const bool is_by_file = !is_by_server && link->login_file != NULL && !is_of_network(status);
    const bool is_refused = is_by_server || is_by_file;
    char words[180];
    if (is_by_file) {
        snprintf(words, sizeof words, "cluster.%s cannot be used: %s", link->login_file, failure_text(status));
    } else {
        snprintf(words, sizeof words, "%s: %s",
                 is_by_server ? "the NATS server refuses this node" : "no NATS server can be reached",
                 failure_text(status));
    }
    set_state(link, is_refused ? CLUSTER_REFUSED : CLUSTER_CONNECTING, false, words);
    log_rate_limited(LOG_LEVEL_WARNING, NULL, "cluster", "%s; it is tried again", words);
    link->retry_at_ns = clock_monotonic_ns() + (is_refused ? REFUSED_RETRY_NS : RETRY_NS);
}

int64_t nats_link_work(struct nats_link *link) {
    lock_acquire(&link->lock);
    const bool is_needed = (link->connection == NULL || link->is_given_up) && !link->is_closing;
    lock_release(&link->lock);
    if (!is_needed) {
        return CLOCK_NEVER;
    }
    if (clock_monotonic_ns() < link->retry_at_ns) {
        return link->retry_at_ns;
    }
    drop_connection(link);
    lock_acquire(&link->lock);
    link->is_given_up = false;
    lock_release(&link->lock);
    natsConnection *connection = NULL;
    natsStatus status = nats->natsConnection_Connect(&connection, link->options);
    if (status != NATS_OK) {
        note_failure(link, status);
        return link->retry_at_ns;
    }
    link->retry_at_ns = clock_monotonic_ns() + REFUSED_RETRY_NS;
    lock_acquire(&link->lock);
    link->connection = connection;
    lock_release(&link->lock);
    for (size_t i = 0; i < link->subscription_count; i++) {
        if (subscribe_now(connection, &link->subscriptions[i]) != ERR_OK) {
            log_rate_limited(LOG_LEVEL_ERROR, NULL, "cluster", "no memory to subscribe at the NATS server");
        }
    }
    set_state(link, CLUSTER_CONNECTED, true, "");
    log_event(LOG_LEVEL_INFO, NULL, "cluster: connected to the NATS server");
    return CLOCK_NEVER;
}

enum err nats_link_subscribe(struct nats_link *link, const char *subject, link_handler *handle, void *user) {
    if (link->subscription_count == SUBSCRIPTIONS_MAX) {
        return ERR_BUSY;
    }
    struct link_subscription *own = &link->subscriptions[link->subscription_count++];
    *own = (struct link_subscription){.handle = handle, .user = user, .link = link};
    snprintf(own->subject, sizeof own->subject, "%s", subject);
    lock_acquire(&link->lock);
    natsConnection *connection = link->connection; /* only the owner, which is here, drops it */
    lock_release(&link->lock);
    return connection != NULL ? subscribe_now(connection, own) : ERR_OK;
}

void nats_link_close(struct nats_link *link) {
    lock_acquire(&link->lock);
    natsConnection *connection = link->connection;
    const bool is_connected = link->is_connected;
    link->is_closing = true;
    link->is_connected = false;
    lock_release(&link->lock);
    if (connection != NULL && is_connected) {
        (void)nats->natsConnection_FlushTimeout(connection, FLUSH_MS);
    }
    drop_connection(link);
}

/* ---- Using it ---- */

/* NULL: not connected. */
static natsConnection *begin_use(struct nats_link *link) {
    lock_acquire(&link->lock);
    natsConnection *connection = link->is_connected ? link->connection : NULL;
    link->users += connection != NULL;
    lock_release(&link->lock);
    return connection;
}

static void end_use(struct nats_link *link) {
    lock_acquire(&link->lock);
    if (--link->users == 0) {
        condition_broadcast(&link->unused);
    }
    lock_release(&link->lock);
}

static enum err to_err(natsStatus status) {
    switch (status) {
    case NATS_OK: return ERR_OK;
    case NATS_TIMEOUT: return ERR_TIMEOUT;
    case NATS_NO_RESPONDERS: return ERR_NOT_FOUND;
    case NATS_NO_MEMORY: return ERR_MEMORY;
    case NATS_CONNECTION_CLOSED:
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_INSUFFICIENT_BUFFER: return ERR_CLOSED;
    case NATS_MAX_PAYLOAD: return ERR_INVALID;
    default: return ERR_IO;
    }
}

enum err nats_link_publish(struct nats_link *link, const char *subject, const char *reply, const void *bytes,
                           size_t count) {
    natsConnection *connection = begin_use(link);
    if (connection == NULL) {
        return ERR_CLOSED;
    }
    natsStatus status = reply != NULL
                            ? nats->natsConnection_PublishRequest(connection, subject, reply, bytes, (int)count)
                            : nats->natsConnection_Publish(connection, subject, bytes, (int)count);
    end_use(link);
    return to_err(status);
}

enum err nats_link_request(struct nats_link *link, const char *subject, const void *bytes, size_t count,
                           int64_t timeout_ns, struct link_message **answer) {
    natsConnection *connection = begin_use(link);
    if (connection == NULL) {
        return ERR_CLOSED;
    }
    natsMsg *message = NULL;
    natsStatus status =
        nats->natsConnection_Request(&message, connection, subject, bytes, (int)count, timeout_ns / NS_PER_MS);
    end_use(link);
    if (status == NATS_OK) {
        *answer = (struct link_message *)(void *)message;
    }
    return to_err(status);
}

uint64_t nats_link_connection(struct nats_link *link) {
    lock_acquire(&link->lock);
    const uint64_t connection = link->is_connected ? link->connections : 0;
    lock_release(&link->lock);
    return connection;
}

size_t nats_link_max_payload(struct nats_link *link) {
    natsConnection *connection = begin_use(link);
    int64_t max = 0;
    if (connection != NULL) {
        max = nats->natsConnection_GetMaxPayload(connection);
        end_use(link);
    }
    return max > 0 ? (size_t)max : 0;
}

void nats_link_status(struct nats_link *link, struct nats_link_status *status) {
    *status = (struct nats_link_status){.state = CLUSTER_CONNECTING};
    natsConnection *connection = begin_use(link);
    if (connection != NULL) {
        char url[256] = "";
        (void)nats->natsConnection_GetConnectedUrl(connection, url, sizeof url);
        end_use(link);
        char text[NATS_SERVER_BYTES];
        struct string_view list = string_view_of(url);
        if (nats_options_take_server(&list, true, text)) {
            snprintf(status->server, sizeof status->server, "%.255s", text);
        }
    }
    lock_acquire(&link->lock);
    status->state = link->state;
    status->since_realtime_ns = link->since_realtime_ns;
    status->reconnects = link->connections > 1 ? link->connections - 1 : 0;
    status->error = link->error;
    if (link->is_connected && clock_monotonic_ns() < link->denial_until_ns) {
        status->error = link->denial;
    }
    lock_release(&link->lock);
}
