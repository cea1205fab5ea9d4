/* What --list-devices prints.
 * Threads: one at a time. */
#ifndef CONFIG_APP_LIST_DEVICES_H
#define CONFIG_APP_LIST_DEVICES_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stdio.h>

/* The V4L2 devices that capture: paths, formats, sizes, rates; for people, or as JSON. ERR_IO: out cannot be written.
 */
CHECKED enum err list_devices(FILE *out, bool as_json);

#endif
