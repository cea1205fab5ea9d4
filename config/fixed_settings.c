#include "config/fixed_settings.h"

#include <string.h>

struct fixed_settings fixed_settings_of(const struct config *config) {
    return (struct fixed_settings){
        .listen = config->server.listen,
        .monitor_listen = config->server.monitor_listen,
        .max_streams = config->server.max_streams,
        .senders = config->server.senders,
        .workers = config->workers,
    };
}

static bool differ(const struct listen_address *a, const struct listen_address *b) {
    return strcmp(a->address, b->address) != 0 || a->port != b->port;
}

size_t fixed_settings_compare(const struct fixed_settings *running, const struct fixed_settings *wanted,
                              const char *names[FIXED_SETTINGS_MAX]) {
    const struct {
        const char *name;
        bool needs_restart;
    } settings[] = {
        {"server.listen", differ(&running->listen, &wanted->listen)},
        {"server.monitor_listen", differ(&running->monitor_listen, &wanted->monitor_listen)},
        {"server.max_streams", wanted->max_streams > running->max_streams},
        {"server.senders", wanted->senders != running->senders},
        {"server.workers", wanted->workers != running->workers},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (settings[i].needs_restart) {
            names[count++] = settings[i].name;
        }
    }
    return count;
}
