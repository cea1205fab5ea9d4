#include "broker/clock.h"
#include "config/environment.h"
#include "config/sections.h"

#include <string.h>

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

void server_section_read(const struct node *node, struct config *config) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    struct server_settings *server = &config->server;
    struct node listen;
    if (section_find(&section, "listen", &listen)) {
        read_listen(&listen, &server->listen);
    }
    if (section_find(&section, "monitor_listen", &listen)) {
        read_listen(&listen, &server->monitor_listen);
        if (are_one_address(&server->listen, &server->monitor_listen)) {
            node_fault(&listen, "must be another address or port than that of \"listen\"");
        }
    }
    edge_keys_read(&section, edge_edit(server->edge));
    server->max_streams = (unsigned)section_integer(&section, "max_streams", 1, 10000, server->max_streams);
    server->max_streams_per_address =
        (unsigned)section_integer(&section, "max_streams_per_address", 0, 10000, server->max_streams_per_address);
    server->max_stream_life_ns =
        section_duration_ns(&section, "max_stream_life_s", 0, 604800, NS_PER_S, server->max_stream_life_ns);
    server->allow_anonymous = section_boolean(&section, "allow_anonymous", server->allow_anonymous);
    server->senders = (unsigned)section_integer(&section, "senders", 0, 64, server->senders);
    config->watch = section_boolean(&section, "watch", config->watch);
    config->workers = (unsigned)section_integer(&section, "workers", 0, 64, config->workers);
    section_refuse(&section, "tls",
                   "there is no TLS here: put a proxy that speaks it (nginx, Caddy, HAProxy) in front, and let "
                   "\"listen\" name an address that only the proxy reaches");
    section_end(&section);
}

enum err config_check_exposure(const struct config *config, const struct listen_address *listen,
                               struct reason *reason) {
    if (listen->address[0] == '\0') {
        return ERR_OK;
    }
    return server_check_exposure(&config->server, listen, config->access.account_count > 0, reason);
}

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

enum err config_set_listen(struct config *config, const char *listen, struct reason *reason) {
    enum err error = listen_address_parse(listen, &config->server.listen, reason);
    return error == ERR_OK ? config_check_exposure(config, &config->server.listen, reason) : error;
}
