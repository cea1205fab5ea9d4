/* The command line.
 * Threads: any. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "broker/log.h"

struct options {
    const char *config_path; /* NULL: not given */
    const char *listen;      /* NULL: as the file says */
    enum log_format log_format;
    bool check, help, version, verbose, list_devices, hash_password;
    bool json; /* with list_devices */
};

/* Borrows from argv. ERR_INVALID with a sentence for an option that is unknown or lacks its value. */
CHECKED enum err options_parse(int argc, char *const argv[], struct options *options, struct reason *reason);

/* The configuration to read: the one that was given, else the usual one where that exists, else the demonstration.
 * Borrowed from the arguments. */
const char *options_config_path(const struct options *options, const char *usual, const char *demonstration);

/* What --help prints. Static. */
const char *options_help(void);

#endif
