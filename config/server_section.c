#include "config/environment.h"
#include "config/sections.h"

static void read_listen(const struct node *listen, struct server_settings *settings) {
    const char *text = node_text(listen);
    struct reason reason;
    if (text == NULL || server_parse_listen(text, settings, &reason) == ERR_OK) {
        return;
    }
    /* The reason may quote the text, and with it the environment. */
    node_fault(listen, "%s",
               environment_is_used(listen) ? "must be an address and a port, as in 127.0.0.1:8080" : reason.text);
}

void server_section_read(const struct node *node, struct config *config) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    struct server_settings *server = &config->server;
    struct node listen;
    if (section_find(&section, "listen", &listen)) {
        read_listen(&listen, server);
    }
    server->max_streams = (unsigned)section_integer(&section, "max_streams", 1, 10000, server->max_streams);
    server->senders = (unsigned)section_integer(&section, "senders", 0, 64, server->senders);
    config->workers = (unsigned)section_integer(&section, "workers", 0, 64, config->workers);
    section_refuse(&section, "tls",
                   "there is no TLS here: put a proxy that speaks it (nginx, Caddy, HAProxy) in front, and let "
                   "\"listen\" name an address that only the proxy reaches");
    section_end(&section);
}
