/* What --probe does: tries a camera of type url with the code that runs it, and says what to configure.
 * Threads: one at a time. */
#ifndef CONFIG_APP_PROBE_H
#define CONFIG_APP_PROBE_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stdio.h>

/* address: as "url" in the configuration, with environment variables as ${NAME}. What the camera sends is written to
 * out, for people or as JSON; why there is no picture, to errors. Neither shows a login.
 * Blocks: for about 10 s at most. ERR_INVALID: no valid address; ERR_IO: no picture came, or out cannot be written;
 * ERR_MEMORY. */
CHECKED enum err probe(const char *address, bool as_json, FILE *out, FILE *errors);

#endif
