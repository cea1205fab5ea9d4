#include "config/server_section.h"

#include "broker/base/clock.h"
#include "config/exposure.h"
#include "config/json/environment.h"
#include "config/json/settings_reader.h"
#include "config/request_policy_keys.h"
#include "config/tables.h"

#include <assert.h>
#include <string.h>

#define WEEK_S 604800
#define THREADS_MAX 64
#define STREAMS_MAX 10000
#define FIELD(field) .offset = offsetof(struct config, field)

#define LIST_OF_TEXTS(max)                                                                                             \
    .schema = "\"type\": \"array\", \"maxItems\": " SETTING_TEXT_OF(max) ", \"items\": { \"type\": \"string\" }",      \
    .shape = "list of up to " SETTING_TEXT_OF(max) " texts"

static bool equal_listen(const void *first, const void *second) {
    const struct listen_address *a = first, *b = second;
    return strcmp(a->address, b->address) == 0 && a->port == b->port;
}

static const struct setting rows[] = {
    {.name = "listen",
     .type = SETTING_CUSTOM,
     FIELD(server.listen),
     .change = SETTING_RESTART,
     .fallback_text = "127.0.0.1:8080",
     .equal = equal_listen,
     .schema = "\"type\": \"string\"",
     .shape = "text",
     .help =
         "The address to listen on: a numeric address and a port, or a port alone. An IPv6 address has brackets: "
         "[::1]:8080; [::]:8080 is all addresses of the machine, IPv4 too. Port 0 takes a free one. The server has no "
         "TLS: put a proxy with TLS in front."},
    {.name = "monitor_listen",
     .type = SETTING_CUSTOM,
     FIELD(server.monitor_listen),
     .change = SETTING_RESTART,
     .equal = equal_listen,
     .schema = "\"type\": \"string\"",
     .shape = "text",
     .help = "A second address, for /healthz, /readyz, /metrics and /api/status only, with threads of its own, so that "
             "it answers whatever happens to the rest of the server. Users and tokens are the same. Default: none."},
    {.name = "max_streams",
     .type = SETTING_INTEGER,
     FIELD(server.max_streams),
     .min = 1,
     .max = STREAMS_MAX,
     .fallback = 256,
     .change = SETTING_RESTART_RAISED,
     .help = "Streams at the same time; further ones are answered with status 503."},
    {.name = "max_streams_per_address",
     .type = SETTING_INTEGER,
     FIELD(server.max_streams_per_address),
     .max = STREAMS_MAX,
     .help = "Streams of one client address at the same time; further ones are answered with status 503. 0: no limit "
             "but max_streams."},
    {.name = "max_stream_life_s",
     .type = SETTING_DURATION,
     FIELD(server.max_stream_life_ns),
     .max = WEEK_S,
     .unit_ns = NS_PER_S,
     .help = "Maximum duration of a stream in seconds; it ends after a whole frame, and pages start it again. 0: no "
             "limit."},
    {.name = "hosts",
     .type = SETTING_CUSTOM,
     LIST_OF_TEXTS(ORIGIN_HOSTS_MAX),
     .help = "Host names of the server, with or without a port. Requests for other names are refused, except addresses "
             "and localhost, since a page may point its own name at this server."},
    {.name = "cors_origins",
     .type = SETTING_CUSTOM,
     LIST_OF_TEXTS(ORIGINS_MAX),
     .help =
         "Origins whose pages may read answers and, with their users' rights, change things; \"*\" alone lets every "
         "page read what needs no login."},
    {.name = "trusted_proxies",
     .type = SETTING_CUSTOM,
     LIST_OF_TEXTS(TRUSTED_PROXIES_MAX),
     .help = "Addresses and ranges of proxies whose X-Forwarded-For, -Proto and -Host are trusted."},
    {.name = "base_path",
     .type = SETTING_CUSTOM,
     .fallback_text = "",
     .schema = "\"type\": \"string\", \"maxLength\": " SETTING_TEXT_OF(BASE_PATH_MAX_BYTES),
     .shape = "text of up to " SETTING_TEXT_OF(BASE_PATH_MAX_BYTES) " bytes",
     .help = "The path under which a proxy publishes the server, such as /cams. All links begin with it; requests are "
             "accepted with and without it."},
    {.name = "allow_anonymous",
     .type = SETTING_BOOLEAN,
     FIELD(server.allow_anonymous),
     .help = "Whether the server may listen on other addresses than 127.0.0.0/8 without users and tokens: then anyone "
             "who can connect sees every camera."},
    {.name = "max_event_streams",
     .type = SETTING_INTEGER,
     FIELD(server.max_event_streams),
     .min = 4,
     .max = STREAMS_MAX,
     .fallback = 64,
     .change = SETTING_RESTART,
     .help = "Clients of /api/events at the same time, a quarter of them from one address; further ones are answered "
             "with status 503."},
    {.name = "request_threads",
     .type = SETTING_INTEGER,
     FIELD(server.request_threads),
     .min = REQUEST_THREADS_MIN,
     .max = REQUEST_THREADS_MAX,
     .fallback = 24,
     .change = SETTING_RESTART,
     .help = "Threads that answer requests. Streams and senders of frames take none, however many they are."},
    {.name = "senders",
     .type = SETTING_INTEGER,
     FIELD(server.senders),
     .max = THREADS_MAX,
     .change = SETTING_RESTART,
     .help = "Threads that send streams. 0: one per core."},
    {.name = "workers",
     .type = SETTING_INTEGER,
     FIELD(workers),
     .max = THREADS_MAX,
     .change = SETTING_RESTART,
     .help = "Threads that encode pictures. 0: one per core."},
    {.name = "watch",
     .type = SETTING_BOOLEAN,
     FIELD(watch),
     .help = "Reloads the file when it changes, as SIGHUP does."},
};

const struct setting_table server_table = {
    .name = "server",
    .help = "The web server and its threads.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct config),
};

void server_section_set_defaults(struct config *config) {
    settings_set_defaults(&server_table, (void *const[]){config});
    if (listen_address_parse(setting_find(&server_table, "listen")->fallback_text, &config->server.listen, NULL) !=
        ERR_OK) {
        assert(false);
    }
}

/* ---- Keys of special shape ---- */

static void read_listen(const struct node *listen, struct listen_address *address) {
    const char *text = node_text(listen);
    struct reason reason;
    if (text == NULL || listen_address_parse(text, address, &reason) == ERR_OK) {
        return;
    }
    /* The reason may quote the text, and with it the environment. */
    node_fault(listen, "%s",
               environment_is_used(listen) ? "must be an address and a port, as in 127.0.0.1:8080" : reason.text);
}

static bool are_one_address(const struct listen_address *one, const struct listen_address *other) {
    return one->port != 0 && one->port == other->port && strcmp(one->address, other->address) == 0;
}

static void read_listeners(const struct node *node, struct server_settings *server) {
    struct node listen;
    if (node_find(node, "listen", &listen)) {
        read_listen(&listen, &server->listen);
    }
    if (node_find(node, "monitor_listen", &listen)) {
        read_listen(&listen, &server->monitor_listen);
        if (are_one_address(&server->listen, &server->monitor_listen)) {
            node_fault(&listen, "must be another address or port than that of \"listen\"");
        }
    }
}

void server_section_read(const struct node *node, struct config *config) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    settings_read(&section, &server_table, (void *const[]){config});
    read_listeners(node, &config->server);
    request_policy_keys_read(node, request_policy_edit(config->server.policy));
    section_refuse(
        &section, "tls",
        "the server has no TLS: put a proxy with TLS (nginx, Caddy, HAProxy) in front, and set \"listen\" to "
        "an address that only the proxy reaches");
    settings_finish(&section, &server_table, (void *const[]){config});
}

/* ---- Exposure ---- */

static void check_exposure_of(const struct node *server, const char *key, const struct config *config,
                              const struct listen_address *listen) {
    struct node place;
    struct reason reason;
    if (node_find(server, key, &place) && config_check_exposure(config, listen, &reason) != ERR_OK) {
        node_fault(&place, "%s", reason.text);
    }
}

void server_section_check_exposure(const struct node *root, const struct config *config) {
    struct node server;
    if (node_find(root, "server", &server)) {
        check_exposure_of(&server, "listen", config, &config->server.listen);
        check_exposure_of(&server, "monitor_listen", config, &config->server.monitor_listen);
    }
}
