/* What --init does: finds the cameras that are there and writes a configuration for them.
 * Threads: one at a time. */
#ifndef CONFIG_STARTER_STARTER_H
#define CONFIG_STARTER_STARTER_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stdio.h>

/* The configuration goes to out; what was not found and what is left to do, to talk. onvif: the local networks are
 * asked too. Blocks: 5 s at most, with onvif 2 minutes more. ERR_IO: out cannot be written, or the networks cannot be
 * asked; ERR_MEMORY; said on talk. */
CHECKED enum err starter_write(bool onvif, FILE *out, FILE *talk);

#endif
