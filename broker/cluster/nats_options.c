#include "broker/cluster/nats_options.h"

#include "broker/cluster/nats_library.h"
#include "broker/cluster/subject.h"

#include <stdio.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 2000
#define RECONNECT_WAIT_MS 200
#define RECONNECT_JITTER_MS 100
#define PING_INTERVAL_MS 2000
#define PINGS_OUT_MAX 2
#define WRITE_DEADLINE_MS 3000
#define IO_BUFFER_BYTES (512 << 10)
#define RECONNECT_BUFFER_BYTES (64 << 10)
#define SERVERS_MAX 16

bool nats_options_take_server(struct string_view *list, bool drops_login, char text[NATS_SERVER_BYTES]) {
    if (list->count == 0) {
        return false;
    }
    struct string_view server = string_view_trim(string_view_take(list, ','));
    const char *slashes = memchr(server.bytes, '/', server.count);
    const size_t scheme = slashes != NULL ? (size_t)(slashes - server.bytes) + 2 : 0;
    size_t host = scheme;
    for (size_t i = scheme; drops_login && i < server.count; i++) {
        host = server.bytes[i] == '@' ? i + 1 : host;
    }
    snprintf(text, NATS_SERVER_BYTES, "%.*s%.*s", (int)scheme, server.bytes, (int)(server.count - host),
             server.bytes + host);
    return true;
}

static natsStatus set_servers(natsOptions *options, const struct cluster_settings *settings) {
    const bool has_login = settings->username != NULL || settings->token != NULL || settings->credentials != NULL ||
                           settings->nkey != NULL;
    char texts[SERVERS_MAX][NATS_SERVER_BYTES];
    const char *servers[SERVERS_MAX];
    int count = 0;
    struct string_view list = string_view_of(settings->url);
    while (count < SERVERS_MAX && nats_options_take_server(&list, has_login, texts[count])) {
        servers[count] = texts[count];
        count++;
    }
    return nats->natsOptions_SetServers(options, servers, count);
}

static natsStatus set_login(natsOptions *options, const struct cluster_settings *settings, const char **key) {
    if (settings->username != NULL) {
        *key = "username";
        return nats->natsOptions_SetUserInfo(options, settings->username, settings->password);
    }
    if (settings->token != NULL) {
        *key = "token";
        return nats->natsOptions_SetToken(options, settings->token);
    }
    if (settings->credentials != NULL) {
        *key = "credentials";
        return nats->natsOptions_SetUserCredentialsFromFiles(options, settings->credentials, NULL);
    }
    if (settings->nkey != NULL) {
        *key = "nkey";
        return nats->natsOptions_SetNKeyFromSeed(options, settings->nkey, settings->nkey_seed);
    }
    return NATS_OK;
}

static natsStatus set_tls(natsOptions *options, const struct cluster_settings *settings, const char **key) {
    natsStatus status = NATS_OK;
    if (!cluster_url_has_tls(settings->url)) {
        return NATS_OK;
    }
    *key = "url";
    status = nats->natsOptions_SetSecure(options, true);
    if (status == NATS_OK && settings->ca_file != NULL) {
        *key = "ca_file";
        status = nats->natsOptions_LoadCATrustedCertificates(options, settings->ca_file);
    }
    if (status == NATS_OK && settings->certificate != NULL) {
        *key = "certificate";
        status = nats->natsOptions_LoadCertificatesChain(options, settings->certificate, settings->private_key);
    }
    return status;
}

static natsStatus set_behaviour(natsOptions *options, const struct cluster_settings *settings) {
    char inbox[LINK_SUBJECT_BYTES];
    subject_format(inbox, "inbox", settings->node);
    const natsStatus results[] = {
        nats->natsOptions_SetName(options, settings->node),
        nats->natsOptions_SetCustomInboxPrefix(options, inbox),
        nats->natsOptions_SetTimeout(options, CONNECT_TIMEOUT_MS),
        nats->natsOptions_SetMaxReconnect(options, -1),
        nats->natsOptions_SetReconnectWait(options, RECONNECT_WAIT_MS),
        nats->natsOptions_SetReconnectJitter(options, RECONNECT_JITTER_MS, RECONNECT_JITTER_MS),
        nats->natsOptions_SetReconnectBufSize(options, RECONNECT_BUFFER_BYTES),
        nats->natsOptions_SetPingInterval(options, PING_INTERVAL_MS),
        nats->natsOptions_SetMaxPingsOut(options, PINGS_OUT_MAX),
        nats->natsOptions_SetIOBufSize(options, IO_BUFFER_BYTES),
        nats->natsOptions_SetSendAsap(options, true),
        nats->natsOptions_SetWriteDeadline(options, WRITE_DEADLINE_MS),
        nats->natsOptions_SetNoEcho(options, true),
        nats->natsOptions_SetFailRequestsOnDisconnect(options, true),
        nats->natsOptions_SetMaxPendingMsgs(options, PENDING_MAX_MESSAGES),
    };
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if (results[i] != NATS_OK) {
            return results[i];
        }
    }
    return NATS_OK;
}

natsStatus nats_options_create(const struct cluster_settings *settings, natsOptions **options, const char **key) {
    *options = NULL;
    *key = "url";
    natsStatus status = nats->natsOptions_Create(options);
    if (status == NATS_OK) {
        status = set_servers(*options, settings);
    }
    if (status == NATS_OK) {
        status = set_login(*options, settings, key);
    }
    if (status == NATS_OK) {
        status = set_tls(*options, settings, key);
    }
    return status == NATS_OK ? set_behaviour(*options, settings) : status;
}
