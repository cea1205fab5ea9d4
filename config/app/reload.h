/* Reads the configuration again while everything runs, and applies the difference: on request, and when the file
 * changes, if the configuration says so. A file with any fault changes nothing.
 *
 * One thread does it, so that reloads never overlap; requests wait for it. Those that arrive during a reload are
 * answered together by the next one.
 *
 * Lifecycle: create; start, once the server runs; ...; stop; destroy, once the server has been stopped.
 * Ownership: it owns the configuration, and replaces it.
 * Threads: reloader_perform() from any, the others from one. */
#ifndef CONFIG_APP_RELOAD_H
#define CONFIG_APP_RELOAD_H

#include "broker/cluster/cluster.h"
#include "cameras/supervisor/camera_manager.h"
#include "config/config.h"
#include "web/server.h"

struct reloader;

struct reloader_settings {
    const char *path;               /* of the file */
    const char *listen;             /* where the command line says to listen; NULL: the file decides */
    struct camera_manager *manager; /* of the configuration's cameras; only the reloader changes them */
    struct recorder *recorder;      /* NULL: nothing is recorded */
    struct cluster *cluster;        /* NULL: none */
};

/* Everything is borrowed, but for *config, which is taken. ERR_MEMORY and others: *config stays the caller's. */
CHECKED enum err reloader_create(const struct reloader_settings *settings, struct config **config,
                                 struct reloader **reloader);
/* Also answers earlier requests. server is borrowed until reloader_stop(). ERR_BUSY: no thread. */
CHECKED enum err reloader_start(struct reloader *reloader, struct server *server);
/* The reload of a server_host; user is the reloader. principal: NULL may see all. */
void reloader_perform(void *user, const struct principal *principal, struct reload_answer *answer);
/* Answers waiting requests that the server is shutting down. Blocks: until a reload that is under way is done, 1 s at
 * most. */
void reloader_stop(struct reloader *reloader);
void reloader_destroy(struct reloader **reloader);

#endif
