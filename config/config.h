/* The configuration file: JSON (RFC 8259), described to people in its manual page and to editors in
 * framebroker.schema.json, which are made from the same tables as its reader (tables.h).
 *
 * Lifecycle: config_load() reads and checks a file and gives a struct config.
 * Threads: any, one at a time. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/configuration.h"
#include "config/exposure.h"

#include <stdio.h>

/* Reads and checks all of it. Every fault is written to `faults` as one line, in the order of the file:
 *     FILE:LINE: cameras[2].source.fps: must be between 0.1 and 240 (got 0)
 * ERR_INVALID if there was any, and then *config is NULL. ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_MEMORY: the file
 * cannot be read, which is written to `faults` too. No fault shows the value of an environment variable. */
CHECKED enum err config_load(const char *path, FILE *faults, struct config **config);
/* The same, and files that cannot be opened are faults too. config_load() does not open them: a camera whose files are
 * missing goes offline, and the others run. */
CHECKED enum err config_check(const char *path, FILE *faults, struct config **config);
void config_destroy(struct config **config);

#endif
