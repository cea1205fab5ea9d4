/* What a restart would change: the settings of the server that a reload cannot apply, by their table.
 *
 * Threads: any. */
#ifndef CONFIG_APP_RESTART_REQUIRED_H
#define CONFIG_APP_RESTART_REQUIRED_H

#include "config/configuration.h"

#define RESTART_REQUIRED_MAX 16
#define RESTART_NAME_BYTES 64

struct restart_required {
    char names[RESTART_REQUIRED_MAX][RESTART_NAME_BYTES]; /* as in the file: "server.listen" */
    size_t count;
};

/* running: the settings at the start, without what is counted and the cameras. */
struct restart_required restart_required_compare(const struct config *running, const struct config *wanted);

#endif
