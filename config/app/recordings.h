/* `framebroker --recordings`: what is recorded, whether it is in order, and how a folder becomes one for recordings.
 * Threads: one. Blocks: as the disk does. */
#ifndef CONFIG_APP_RECORDINGS_H
#define CONFIG_APP_RECORDINGS_H

#include "config/configuration.h"

#include <stdio.h>

enum recordings_task {
    RECORDINGS_LIST,
    RECORDINGS_INIT,    /* marks the folder */
    RECORDINGS_VERIFY,  /* compares files and catalogue */
    RECORDINGS_REBUILD, /* makes the catalogue anew from the files; the server must not run */
};

/* ERR_INVALID: the configuration has no "recording", or (verify) something is not in order; ERR_NOT_FOUND: no catalogue
 * or mark; ERR_BUSY: a server records into the folder; ERR_IO, ERR_MEMORY. What is wrong is on `faults`. */
CHECKED enum err recordings_run(const struct config *config, enum recordings_task task, bool as_json, FILE *out,
                                FILE *faults);

#endif
