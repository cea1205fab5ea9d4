/* The command line.
 * Threads: any. */
#ifndef CONFIG_APP_OPTIONS_H
#define CONFIG_APP_OPTIONS_H

#include "broker/base/log.h"

struct options {
    const char *config_path; /* NULL: not given */
    const char *listen;      /* NULL: as the file says */
    enum log_format log_format;
    bool check, help, version, verbose, list_devices, hash_password;
    bool init;
    bool onvif;                       /* with init */
    bool json;                        /* with list_devices, probe, motion and recordings */
    const char *motion, *video;       /* files; NULL: not given; both or none */
    bool recordings, verify, rebuild; /* with recordings one of the others, or init, at most */
    const char *probe;                /* an address; NULL: not given */
};

/* Borrows from argv. ERR_INVALID with a sentence for an option that is unknown or lacks its value. */
CHECKED enum err options_parse(int argc, char *const argv[], struct options *options, struct reason *reason);

/* The configuration to read: the one given on the command line, or the installed one if it exists, or the
 * demonstration. Borrowed from the arguments. */
const char *options_config_path(const struct options *options, const char *installed, const char *demonstration);

/* What --help prints. Static. */
const char *options_help(void);

#endif
