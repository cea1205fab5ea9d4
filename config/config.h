/* The configuration: one JSON file (RFC 8259), described to people in the README and to editors in
 * framebroker.schema.json.
 *
 * Lifecycle: config_load() reads and checks a file and gives a struct config. The settings in it borrow from it, but
 * for those of cameras: each has a storage of its own, to which the camera refers, so that a configuration can be
 * destroyed before its cameras.
 * Threads: any, one at a time. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "broker/storage.h"
#include "cameras/settings.h"
#include "web/server.h"

#include <stdio.h>

struct config {
    struct server_settings server;
    struct access_settings access; /* what server.access was made of */
    unsigned workers;              /* encoding threads; 0: as many as there are cores */
    bool watch;                    /* read the file again when it changes */
    struct camera_settings *cameras;
    size_t camera_count;
    struct storage *storage; /* owns all of this, but for what each camera has a storage of its own for */
};

/* Reads and checks all of it. Every fault is written to `faults` as one line, in the order of the file:
 *     FILE:LINE: cameras[2].source.fps: must be between 0.1 and 240 (got 0)
 * ERR_INVALID if there was any, and then *config is NULL. ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_MEMORY: the file
 * cannot be read, which is written to `faults` too. No fault shows the value of an environment variable. */
CHECKED enum err config_load(const char *path, FILE *faults, struct config **config);
/* The same, and files that it names and that cannot be opened now are faults too. config_load() does not ask: a camera
 * whose files are missing goes offline, and the others run. */
CHECKED enum err config_check(const char *path, FILE *faults, struct config **config);
/* Listens there instead of where the file says. ERR_INVALID, ERR_DENIED, with a reason. */
CHECKED enum err config_set_listen(struct config *config, const char *listen, struct reason *reason);
/* Whether its accounts suffice for an address that is listened on, "" for none; see server_check_exposure(). ERR_DENIED
 * with a reason. */
CHECKED enum err config_check_exposure(const struct config *config, const struct listen_address *listen,
                                       struct reason *reason);
void config_destroy(struct config **config);

#endif
