#include "config/fixed_settings.h"

#include <string.h>

struct fixed_settings fixed_settings_of(const struct config *config) {
    struct fixed_settings settings = {
        .port = config->server.port,
        .max_streams = config->server.max_streams,
        .senders = config->server.senders,
        .workers = config->workers,
    };
    memcpy(settings.address, config->server.address, sizeof settings.address);
    return settings;
}

size_t fixed_settings_compare(const struct fixed_settings *running, const struct fixed_settings *wanted,
                              const char *names[FIXED_SETTINGS_MAX]) {
    const struct {
        const char *name;
        bool needs_restart;
    } settings[] = {
        {"server.listen", strcmp(running->address, wanted->address) != 0 || running->port != wanted->port},
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
