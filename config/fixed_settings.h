/* The settings that need a restart: what the server has been given at its start and cannot be given again. All others
 * take effect at a reload.
 *
 * Threads: any. */
#ifndef CONFIG_FIXED_SETTINGS_H
#define CONFIG_FIXED_SETTINGS_H

#include "config/config.h"

#define FIXED_SETTINGS_MAX 8

/* Plain data, so that it outlives the configuration. */
struct fixed_settings {
    struct listen_address listen, monitor_listen;
    unsigned max_streams, senders, workers;
};

struct fixed_settings fixed_settings_of(const struct config *config);
/* The names, as in the file, of those that are wanted but do not run; static. Returns how many. max_streams can be
 * lowered while running, and raised again as far as threads have been started for it. */
size_t fixed_settings_compare(const struct fixed_settings *running, const struct fixed_settings *wanted,
                              const char *names[FIXED_SETTINGS_MAX]);

#endif
